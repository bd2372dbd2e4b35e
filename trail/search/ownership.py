"""Reads whose a token is: the key, the user and the organisation that its issue names or, where none is on record, its first
event that names one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trail.documents import get
from trail.search.bodies.token import WIDE_SCOPES
from trail.times import parse_time


@dataclass(frozen=True, slots=True)
class Claim:
    """That an event of a token names whose it is, or the fingerprint that it was issued with; `is_issue` where the event issued
    the token."""

    field: str
    value: str
    at: str
    is_issue: bool


@dataclass(frozen=True, slots=True)
class Ownership:
    """Whose a token is, by what its events claim. `issued_at` is the time of the first issue on record, `seen_at` that of
    the first event that is no revocation."""

    claims: tuple[Claim, ...] = ()
    issued_at: str | None = None
    seen_at: str | None = None

    @property
    def since(self) -> str | None:
        """When the token was issued or, where no issue is on record, first seen."""
        return self.issued_at or self.seen_at

    def values(self, name: str) -> frozenset[str]:
        """The values of a field that the issues name or, where they name none, the one that the earliest event names."""
        claims = [claim for claim in self.claims if claim.field == name]
        if issued := frozenset(claim.value for claim in claims if claim.is_issue):
            return issued
        earliest = min(claims, key=lambda claim: (parse_time(claim.at), claim.value), default=None)
        return frozenset({earliest.value} if earliest else ())


NOTHING_CLAIMED = Ownership()


def merge_ownership(parts: Iterable[Ownership]) -> Ownership:
    """The same of several parts of one token's events."""
    parts = list(parts)
    return Ownership(
        claims=tuple(claim for part in parts for claim in part.claims),
        issued_at=min((part.issued_at for part in parts if part.issued_at), key=parse_time, default=None),
        seen_at=min((part.seen_at for part in parts if part.seen_at), key=parse_time, default=None),
    )


def read_ownership(aggregations: Mapping[str, Any]) -> Ownership:
    """What `bodies.token.build_ownership` asked for."""
    if "issued" not in aggregations:
        return Ownership()
    issues = [hit["_source"] for hit in aggregations["issued"]["events"]["hits"]["hits"]]
    seen = aggregations["seen"]
    claims = [
        Claim(name, value, issue["@timestamp"], is_issue=True)
        for issue in issues
        for name in ("token.fingerprint", *WIDE_SCOPES)
        if isinstance(value := get(issue, name), str)
    ]
    claims += [
        Claim(name, str(bucket["key"]), bucket["first"]["value_as_string"], is_issue=False)
        for name in WIDE_SCOPES
        for bucket in seen[name]["buckets"]
    ]
    return Ownership(
        claims=tuple(claims),
        issued_at=issues[0]["@timestamp"] if issues else None,
        seen_at=next((hit["_source"]["@timestamp"] for hit in seen["event"]["hits"]["hits"]), None),
    )
