"""Describes a search as people read it in a list or a note, and gives the digest by which it is recognised."""

import hashlib

import orjson

from trail.search import describe
from trail.search.spec import Search


def describe_search(search: Search) -> str:
    """One line: what is asked, of which time, and by when it had arrived."""
    words = f"{describe.describe_search(search)}, {describe.describe_range(search.start, search.end)}"
    return f"{words}, as arrived by {search.ingested_until}" if search.ingested_until else words


def name_search(search: Search) -> str:
    """A name for what is made of a search: its text, else its filters."""
    return search.text.strip() or (describe.describe_search(search) if search.filters else "All events")


def digest_of(search: Search) -> str:
    """SHA-256 of a search: what asks the same is the same."""
    return hashlib.sha256(orjson.dumps(search.to_json(), option=orjson.OPT_SORT_KEYS)).hexdigest()
