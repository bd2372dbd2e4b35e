"""A search as people read it in a list or a note, and how it is known again. Nothing here asks the trail."""

import hashlib

import orjson

from trail.search import words
from trail.search.spec import Search


def in_words(search: Search) -> str:
    """One line: what is asked, of which time, and by when it had arrived."""
    said = f"{words.words(search)}, {words.span(search.start, search.end)}"
    return f"{said}, as arrived by {search.ingested_until}" if search.ingested_until else said


def digest_of(search: Search) -> str:
    """SHA-256 of a search: what asks the same is the same."""
    return hashlib.sha256(orjson.dumps(search.to_json(), option=orjson.OPT_SORT_KEYS)).hexdigest()
