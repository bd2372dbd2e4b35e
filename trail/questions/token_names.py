"""Asks under which names the trail knows a token, whose it is, and what it comes from: what every question about it needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trail.connection import Trail
from trail.search import execute
from trail.search.bodies import token as bodies_token
from trail.search.lineage import Ancestry, TokenRef, TooLarge, follow_ancestors
from trail.search.ownership import Ownership, read_ownership
from trail.search.spec import Filter, Scope, Search


@dataclass(frozen=True, slots=True)
class TokenNames:
    """A token's names. `fingerprints` are all its attenuations where a `token.id` was asked about, else the one.

    `token_ids` are the ids that it goes under, `ownership` says whose what was asked about is.
    """

    token: TokenRef
    token_ids: tuple[str, ...]
    fingerprints: tuple[str, ...]
    parents: tuple[str, ...]
    ownership: Ownership

    def search(self) -> Search:
        """Every event of what was asked about; of a log that knows only fingerprints as well."""
        if self.token.field == "token.fingerprint" or not self.fingerprints:
            return self.alone
        return search_by_names((self.token.value,), self.fingerprints)

    @property
    def alone(self) -> Search:
        """The events that carry the very name that was asked about."""
        return Search(filters=(Filter(self.token.field, (self.token.value,)),))

    @property
    def may_have_ancestors(self) -> bool:
        """Whether something that is not of this token itself may stand above it."""
        return self.token.field == "token.fingerprint" or bool(set(self.parents) - set(self.fingerprints))


def search_by_names(token_ids: Iterable[str], fingerprints: Iterable[str]) -> Search:
    """The events that carry one of these ids or fingerprints."""
    parts = {
        "ids": ("token.id", tuple(sorted(token_ids))),
        "fingerprints": ("token.fingerprint", tuple(sorted(fingerprints))),
    }
    used = {name: (field, values) for name, (field, values) in parts.items() if values}
    return Search(
        text=" OR ".join(f"{field}:${name}" for name, (field, _) in used.items()),
        parameters=tuple((name, values) for name, (_, values) in used.items()),
    )


def ask_names(trail: Trail, token: TokenRef, scope: Scope) -> TokenNames:
    """What the trail calls this token. One round trip. Raises TooLarge when it has more names than can be asked for."""
    alone = Search(filters=(Filter(token.field, (token.value,)),))
    aggregations = execute.ask(trail, bodies_token.build_names(alone, scope)).get("aggregations", {})
    own: tuple[str, ...] = (token.value,)
    fingerprints, token_ids = own, own
    if token.field == "token.id":
        fingerprints = _read_values(aggregations, "token.fingerprint", token)
    else:
        token_ids = _read_values(aggregations, "token.id", token)
    return TokenNames(
        token=token,
        token_ids=token_ids,
        fingerprints=fingerprints,
        parents=_read_values(aggregations, "token.parent_fingerprint", token),
        ownership=read_ownership(aggregations),
    )


def ask_ancestors(trail: Trail, names: TokenNames, scope: Scope) -> Ancestry:
    """The token's ancestors; without a round trip where nothing can stand above it."""
    return follow_ancestors(trail, names.token, scope) if names.may_have_ancestors else Ancestry()


def _read_values(aggregations: dict[str, Any], name: str, token: TokenRef) -> tuple[str, ...]:
    terms = aggregations.get(name, {})
    if terms.get("sum_other_doc_count"):
        raise TooLarge(
            f"{token.value} goes with more than {bodies_token.MAX_NAMES:,} values of {name}; ask about a fingerprint."
        )
    return tuple(sorted(bucket["key"] for bucket in terms.get("buckets", [])))
