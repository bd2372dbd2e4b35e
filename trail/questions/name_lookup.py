"""Looks up which of the names that a found token may have are known to the trail.

A name opens nothing: a public id, a fingerprint, or the SHA-256 that an import left in the place of a secret.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trail.connection import Trail
from trail.errors import BadQuery
from trail.events import MAX_ID
from trail.redaction import holds_secret
from trail.search import execute
from trail.search.bodies.name_lookup import build_name_counts
from trail.search.spec import Scope

MOST = 400
KINDS = ("token.id", "token.fingerprint", "removed")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class TokenName:
    """`kind` is one of KINDS."""

    kind: str
    value: str

    @classmethod
    def parse(cls, text: str) -> "TokenName":
        """`token.id:abc`. Raises BadQuery for what is no name, and for what may be a secret."""
        kind, _, value = text.partition(":")
        if kind not in KINDS or not value or "\0" in value:
            raise BadQuery(f"A name is one of {', '.join(KINDS)}, a colon and its value.", 0)
        if kind != "token.id" and not _SHA256.fullmatch(value):
            raise BadQuery(f"{kind} is a SHA-256 in hexadecimal.", 0)
        if len(value.encode()) > MAX_ID or holds_secret(value):
            raise BadQuery("This is no public id of a token; a token itself is never sent.", 0)
        return cls(kind, value)

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


@dataclass(frozen=True, slots=True)
class NameAppearance:
    """How often a name is found, and from when to when; no times when it is not."""

    name: TokenName
    events: int
    first: str | None
    last: str | None


def look_up_names(trail: Trail, names: Sequence[TokenName], scope: Scope) -> list[NameAppearance]:
    """What the trail knows of each name, in the order asked. One round trip. Raises BadQuery for more than MOST."""
    if len(names) > MOST:
        raise BadQuery(f"At most {MOST} names are looked up at once.", 0)
    answer = execute.ask(trail, build_name_counts([_places(name) for name in names], scope))
    buckets = answer.get("aggregations", {}).get("names", {}).get("buckets", {})
    return [_appearance(name, buckets.get(str(number), {"doc_count": 0})) for number, name in enumerate(names)]


def _appearance(name: TokenName, bucket: dict[str, dict[str, str] | int]) -> NameAppearance:
    first, last = (
        ends.get("value_as_string") if isinstance(ends := bucket.get(end), dict) else None for end in ("first", "last")
    )
    return NameAppearance(name, int(str(bucket["doc_count"])), first, last)


def _places(name: TokenName) -> list[tuple[str, str]]:
    """The fields in which a name stands, with the term that it is there."""
    if name.kind != "removed":
        return [(name.kind, name.value)]
    # In a message the hash is a word of its own.
    return [("raw", f"[removed secret sha256:{name.value}]"), ("message", name.value)]
