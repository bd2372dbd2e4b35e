"""Asks under which fingerprints a token was seen: since when, made from which, what was added, and how often it was accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from trail.search.lineage import SeenMacaroon, find_edges, read_caveats
from trail.search.responses import Response
from trail.times import format_time


@dataclass(frozen=True, slots=True)
class Attenuation:
    """One fingerprint of a token. `source` says how it is known what it was made from; None: of nothing, or not known.

    `added` are the caveats that its edge added; `first` is its first event's time, in nanoseconds.
    """

    fingerprint: str
    source: Literal["recorded", "inferred"] | None
    added: tuple[str, ...]
    events: int
    accepted: int
    denied: int
    first: int
    event_id: str

    @property
    def at(self) -> str:
        """The time of its first event as RFC 3339 in UTC."""
        return format_time(self.first)


def read_attenuations(response: Response) -> tuple[Attenuation, ...]:
    """The fingerprints that `bodies.token.build_attenuations` found, in the order in which they were first seen."""
    buckets = response.get("aggregations", {}).get("fingerprints", {}).get("buckets", [])
    seen = {str(bucket["key"]): _read_macaroon(bucket) for bucket in buckets}
    edges = {edge.child: edge for edge in find_edges(seen.values())}
    attenuations = []
    for bucket in buckets:
        fingerprint = str(bucket["key"])
        edge, (hit,) = edges.get(fingerprint), bucket["first"]["hits"]["hits"]
        parent = seen.get(edge.parent) if edge else None
        attenuations.append(
            Attenuation(
                fingerprint=fingerprint,
                source=edge.source if edge else None,
                added=_find_added(seen[fingerprint], parent) if edge else (),
                events=bucket["doc_count"],
                accepted=bucket["accepted"]["doc_count"],
                denied=bucket["denied"]["doc_count"],
                first=int(hit["sort"][0]),
                event_id=hit["_id"],
            )
        )
    return tuple(sorted(attenuations, key=lambda attenuation: attenuation.first))


def _read_macaroon(bucket: Mapping[str, Any]) -> SeenMacaroon:
    """What the edges among fingerprints are found by. All are of one token, so its id is left out."""
    (hit,) = bucket["caveats"]["hits"]["hits"]
    parents = bucket["parents"]["buckets"]
    return SeenMacaroon(
        token_id=None,
        fingerprint=str(bucket["key"]),
        parent=str(parents[0]["key"]) if parents else None,
        caveats=read_caveats(hit.get("_source", {}).get("token", {})),
        added=tuple(str(value["key"]) for value in bucket["added"]["buckets"]),
    )


def _find_added(child: SeenMacaroon, parent: SeenMacaroon | None) -> tuple[str, ...]:
    """The rest of the caveats after the parent's, or what an event says that was added."""
    if parent and parent.caveats is not None and child.caveats is not None:
        number = len(parent.caveats)
        if child.caveats[:number] == parent.caveats:
            return tuple(_write(caveat) for caveat in child.caveats[number:])
    return child.added


def _write(caveat: bytes) -> str:
    """A caveat that is a text as that text, else its JSON."""
    value = orjson.loads(caveat)
    return value if isinstance(value, str) else caveat.decode()
