"""Under which names the trail knows a token, whose it is, and what it comes from: what every question about it needs."""

from dataclasses import dataclass
from typing import Any

from trail.connection import Trail
from trail.lineage import Ancestry, TokenRef, TooLarge, ancestors
from trail.search import execute, tokens
from trail.search.spec import Filter, Scope, Search

# The fields by which a revocation can reach many tokens at once.
WHOSE = ("token.key_id", "user.id", "organization.id")


@dataclass(frozen=True, slots=True)
class Named:
    """A token's names. `fingerprints` are all its attenuations where a `token.id` was asked about, else the one.

    `token_ids` are the ids that it goes under; `first` is its first event that is no revocation, to the millisecond.
    """

    token: TokenRef
    token_ids: tuple[str, ...]
    fingerprints: tuple[str, ...]
    parents: tuple[str, ...]
    whose: dict[str, tuple[str, ...]]
    first: str | None

    def search(self) -> Search:
        """Every event of what was asked about; of a log that knows only fingerprints as well."""
        if self.token.field == "token.fingerprint" or not self.fingerprints:
            return self.alone
        return named_by((self.token.value,), self.fingerprints)

    @property
    def alone(self) -> Search:
        """The events that carry the very name that was asked about."""
        return Search(filters=(Filter(self.token.field, (self.token.value,)),))

    @property
    def outside(self) -> bool:
        """Whether something that is not of this token itself may stand above it."""
        return self.token.field == "token.fingerprint" or bool(set(self.parents) - set(self.fingerprints))


def named_by(token_ids: tuple[str, ...], fingerprints: tuple[str, ...]) -> Search:
    """The events that carry one of these ids or fingerprints."""
    parts = {"ids": ("token.id", token_ids), "fingerprints": ("token.fingerprint", fingerprints)}
    used = {name: (field, values) for name, (field, values) in parts.items() if values}
    return Search(
        text=" OR ".join(f"{field}:${name}" for name, (field, _) in used.items()),
        parameters=tuple((name, values) for name, (_, values) in used.items()),
    )


def names(trail: Trail, token: TokenRef, scope: Scope) -> Named:
    """What the trail calls this token. One round trip. Raises TooLarge when it has more names than can be asked for."""
    alone = Search(filters=(Filter(token.field, (token.value,)),))
    found = execute.ask(trail, tokens.names(alone, scope)).get("aggregations", {})
    whose = found.get("whose", {})
    own = (token.value,)
    return Named(
        token=token,
        token_ids=own if token.field == "token.id" else _keys(found, "token.id", token),
        fingerprints=own if token.field == "token.fingerprint" else _keys(found, "token.fingerprint", token),
        parents=_keys(found, "token.parent_fingerprint", token),
        whose={name: _keys(whose, name, token) for name in WHOSE},
        first=whose.get("first", {}).get("value_as_string"),
    )  # fmt: skip


def above(trail: Trail, named: Named, scope: Scope) -> Ancestry:
    """The token's ancestors; without a round trip where nothing can stand above it."""
    return ancestors(trail, named.token, scope) if named.outside else Ancestry()


def _keys(found: dict[str, Any], name: str, token: TokenRef) -> tuple[str, ...]:
    terms = found.get(name, {})
    if terms.get("sum_other_doc_count"):
        raise TooLarge(
            f"{token.value} goes with more than {tokens.MAX_NAMES:,} values of {name}; ask about a fingerprint."
        )
    return tuple(sorted(bucket["key"] for bucket in terms.get("buckets", [])))
