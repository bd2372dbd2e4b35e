"""Reads the parts of the answer about a compromise: what came after a revocation, and what had been touched before it."""

from dataclasses import dataclass
from typing import Any

from trail.errors import BadQuery
from trail.questions.answers import FieldValues, read_values
from trail.search import execute
from trail.search.execute import Hit
from trail.search.responses import Response
from trail.search.spec import Filter, Search
from trail.times import subtract_times

# Who used a token is told by where a use came from or by what it called itself: the words of a choice, and their fields.
ACTOR_FIELDS = {"address": "source.ip", "client": "user_agent.original"}


@dataclass(frozen=True, slots=True)
class Actors:
    """All who used the token, whoever of them is chosen, by address and by client: `total` events from the compromise to the
    revocation, and `denied` tries `after` it."""

    total: int
    denied: int
    before: dict[str, FieldValues]
    after: dict[str, FieldValues]


@dataclass(frozen=True, slots=True)
class LateVerifier:
    """A service that went on accepting: `lag` is from the revocation to the last use it accepted, in nanoseconds and exact
    to the millisecond. `cached` of the uses were answered from its cache; `name` is empty where the events name none."""

    name: str
    uses: int
    first: str
    last: str
    lag: int
    cached: int


@dataclass(frozen=True, slots=True)
class AcceptedUses:
    """The uses that were accepted after the revocation, by verifier, the slowest first. `others` are of further ones."""

    search: Search
    total: int
    cached: int
    first: Hit | None
    last: Hit | None
    verifiers: tuple[LateVerifier, ...]
    others: int


@dataclass(frozen=True, slots=True)
class RefusedUses:
    """The tries that were rejected after the revocation."""

    search: Search
    total: int
    first: Hit | None
    by: dict[str, FieldValues]


@dataclass(frozen=True, slots=True)
class Affected:
    """Someone or something that was reached: `field` is user.id, organization.id or resource.id, `type` a resource's."""

    field: str
    value: str
    type: str
    count: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """The blast radius: whom and what it reached, in what was not refused from the compromise on, the revocation outlived
    included. `search` finds those events; `others` of them were on resources that are not listed."""

    search: Search
    users: FieldValues
    organisations: FieldValues
    resources: tuple[Affected, ...]
    others: int

    @property
    def people(self) -> tuple[tuple[str, FieldValues], ...]:
        """Users and organisations, each with the name of its field."""
        return ("user.id", self.users), ("organization.id", self.organisations)


@dataclass(frozen=True, slots=True)
class OtherToken:
    """A token beside the family that was used from one of its addresses: how often, how much of it accepted, and how much
    of it after the revocation. `field` says what `value` is. `addresses` are the commonest."""

    field: str
    value: str
    count: int
    accepted: int
    after: int
    first: str
    last: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OtherTokens:
    """What other tokens `addresses` used. `new` of the addresses had never used the token before its compromise. `more`
    says that there are further addresses, and `others` how many uses are of tokens that are not listed."""

    addresses: tuple[str, ...]
    new: tuple[str, ...]
    more: bool
    tokens: tuple[OtherToken, ...]
    others: int


def parse_actor(text: str) -> Filter | None:
    """Who is chosen, `address:203.0.113.9` or `client:curl/8.5`, as a filter; None for everyone. Raises BadQuery."""
    if not text:
        return None
    word, _, value = text.partition(":")
    if word not in ACTOR_FIELDS or not value:
        raise BadQuery(f"{text[:80]!r} names nobody: write address: and an IP address, or client: and a user agent.", 0)
    return Filter(ACTOR_FIELDS[word], (value,))


def read_actors(before: Response, after: Response | None) -> Actors:
    """What `build_values` found of ACTOR_FIELDS before the revocation and among what was denied after it."""
    fields = tuple(ACTOR_FIELDS.values())
    return Actors(
        total=execute.read_total(before),
        denied=execute.read_total(after) if after else 0,
        before=read_values(before, fields),
        after=read_values(after, fields) if after else {name: FieldValues([]) for name in fields},
    )


def read_accepted(
    response: Response, search: Search, revoked_at: str, *, first: Hit | None, last: Hit | None
) -> AcceptedUses:
    """What `build_verifiers` found."""
    aggregations = response.get("aggregations", {})
    services = aggregations.get("services", {"buckets": [], "sum_other_doc_count": 0})
    verifiers = [
        LateVerifier(
            name=bucket["key"],
            uses=bucket["doc_count"],
            first=bucket["first"]["value_as_string"],
            last=bucket["last"]["value_as_string"],
            cached=bucket["cached"]["doc_count"],
            # The engine's times are cut to the millisecond, which may put the last use before the revocation.
            lag=max(subtract_times(bucket["last"]["value_as_string"], revoked_at), 0),
        )
        for bucket in services["buckets"]
    ]
    return AcceptedUses(
        search=search,
        total=execute.read_total(response),
        cached=aggregations.get("cached", {}).get("doc_count", 0),
        first=first,
        last=last,
        verifiers=tuple(sorted(verifiers, key=lambda verifier: (-verifier.lag, verifier.name))),
        others=services["sum_other_doc_count"],
    )


def read_resources(response: Response) -> tuple[tuple[Affected, ...], int]:
    """What `build_resources` found, and how many events were on others."""
    terms = response.get("aggregations", {}).get("resources", {"buckets": [], "sum_other_doc_count": 0})
    resources = tuple(
        read_affected("resource.id", bucket["key"], kind["key"], kind)
        for bucket in terms["buckets"]
        for kind in bucket["types"]["buckets"]
    )
    return resources, terms["sum_other_doc_count"]


def read_affected(field: str, value: str, type: str, bucket: dict[str, Any]) -> Affected:
    """One bucket of `build_resources` or `build_affected`."""
    first, last = bucket["first"]["value_as_string"], bucket["last"]["value_as_string"]
    return Affected(field, value, type, bucket["doc_count"], first, last)


def read_addresses(response: Response) -> tuple[list[str], bool]:
    """What `build_addresses` found, and whether there are more."""
    terms = response.get("aggregations", {}).get("addresses", {"buckets": [], "sum_other_doc_count": 0})
    return [bucket["key"] for bucket in terms["buckets"]], bool(terms["sum_other_doc_count"])


def read_other_tokens(response: Response) -> tuple[tuple[OtherToken, ...], int]:
    """What `build_other_tokens` found, and how many uses were of tokens that are not listed."""
    aggregations = response.get("aggregations", {})
    by_id = aggregations.get("by_id", {})
    nameless = aggregations.get("by_fingerprint", {}).get("tokens", {})
    tokens = [
        OtherToken(
            field=field,
            value=bucket["key"],
            count=bucket["doc_count"],
            accepted=bucket["accepted"]["doc_count"],
            after=bucket["since"]["doc_count"],
            first=bucket["first"]["value_as_string"],
            last=bucket["last"]["value_as_string"],
            addresses=tuple(address["key"] for address in bucket["addresses"]["buckets"]),
        )
        for field, terms in (("token.id", by_id), ("token.fingerprint", nameless))
        for bucket in terms.get("buckets", [])
    ]
    left = sum(terms.get("sum_other_doc_count", 0) for terms in (by_id, nameless))
    return tuple(sorted(tokens, key=lambda token: (-token.after, -token.count, token.value))), left
