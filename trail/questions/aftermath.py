"""What came after a revocation, and what had been touched before it: the parts of the answer about a compromise."""

from dataclasses import dataclass
from typing import Any

from trail.moments import gap
from trail.questions.values import Values
from trail.search.execute import Hit
from trail.search.spec import Search


@dataclass(frozen=True, slots=True)
class Verifier:
    """A service that went on accepting: `lag` is from the revocation to the last use it accepted, in nanoseconds and exact
    to the millisecond. `cached` of the uses were answered from its cache; `name` is empty where the events name none."""

    name: str
    uses: int
    first: str
    last: str
    lag: int
    cached: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The uses that were accepted after the revocation, by verifier, the slowest first. `others` are of further ones."""

    search: Search
    total: int
    cached: int
    first: Hit | None
    last: Hit | None
    verifiers: tuple[Verifier, ...]
    others: int


@dataclass(frozen=True, slots=True)
class Refusals:
    """The tries that were rejected after the revocation."""

    search: Search
    total: int
    first: Hit | None
    by: dict[str, Values]


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
class Radius:
    """The blast radius: whom and what it reached, in what was not refused from the compromise on, the revocation outlived
    included. `search` finds those events; `others` of them were on resources that are not listed."""

    search: Search
    users: Values
    organisations: Values
    resources: tuple[Affected, ...]
    others: int

    @property
    def people(self) -> tuple[tuple[str, Values], ...]:
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


def accepted_in(
    answer: dict[str, Any], search: Search, revoked_at: str, first: Hit | None, last: Hit | None
) -> Accepted:
    """What `tokens.verifiers` found."""
    found = answer.get("aggregations", {})
    services = found.get("services", {"buckets": [], "sum_other_doc_count": 0})
    verifiers = [
        Verifier(
            name=bucket["key"], uses=bucket["doc_count"], first=bucket["first"]["value_as_string"],
            last=bucket["last"]["value_as_string"], cached=bucket["cached"]["doc_count"],
            # The engine's times are cut to the millisecond, which may put the last use before the revocation.
            lag=max(gap(revoked_at, bucket["last"]["value_as_string"]), 0),
        )
        for bucket in services["buckets"]
    ]  # fmt: skip
    return Accepted(
        search=search, total=answer["hits"]["total"]["value"], cached=found.get("cached", {}).get("doc_count", 0),
        first=first, last=last, verifiers=tuple(sorted(verifiers, key=lambda one: (-one.lag, one.name))),
        others=services["sum_other_doc_count"],
    )  # fmt: skip


def resources_in(answer: dict[str, Any]) -> tuple[tuple[Affected, ...], int]:
    """What `tokens.resources` found, and how many events were on others."""
    found = answer.get("aggregations", {}).get("resources", {"buckets": [], "sum_other_doc_count": 0})
    resources = tuple(
        affected_in("resource.id", bucket["key"], kind["key"], kind)
        for bucket in found["buckets"]
        for kind in bucket["types"]["buckets"]
    )
    return resources, found["sum_other_doc_count"]


def affected_in(field: str, value: str, type: str, bucket: dict[str, Any]) -> Affected:
    """One bucket of `tokens.resources` or `tokens.affected`."""
    first, last = bucket["first"]["value_as_string"], bucket["last"]["value_as_string"]
    return Affected(field, value, type, bucket["doc_count"], first, last)


def addresses_in(answer: dict[str, Any]) -> tuple[list[str], bool]:
    """What `tokens.addresses` found, and whether there are more."""
    found = answer.get("aggregations", {}).get("addresses", {"buckets": [], "sum_other_doc_count": 0})
    return [bucket["key"] for bucket in found["buckets"]], bool(found["sum_other_doc_count"])


def others_in(answer: dict[str, Any]) -> tuple[tuple[OtherToken, ...], int]:
    """What `tokens.others` found, and how many uses were of tokens that are not listed."""
    found = answer.get("aggregations", {})
    by_id = found.get("by_id", {})
    nameless = found.get("by_fingerprint", {}).get("tokens", {})
    tokens = [
        OtherToken(
            field=field, value=bucket["key"], count=bucket["doc_count"], accepted=bucket["accepted"]["doc_count"],
            after=bucket["since"]["doc_count"], first=bucket["first"]["value_as_string"],
            last=bucket["last"]["value_as_string"],
            addresses=tuple(one["key"] for one in bucket["addresses"]["buckets"]),
        )
        for field, terms in (("token.id", by_id), ("token.fingerprint", nameless))
        for bucket in terms.get("buckets", [])
    ]  # fmt: skip
    left = sum(terms.get("sum_other_doc_count", 0) for terms in (by_id, nameless))
    return tuple(sorted(tokens, key=lambda one: (-one.after, -one.count, one.value))), left
