"""Tokens and what comes from what, as trees that can be walked. Whatever events claim, each token stands in it once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from trail.lineage import Edge, Seen


@dataclass(slots=True)
class Macaroon:
    """One token: everything that was seen of it. `parents` are what it is said to come from, usually one."""

    key: str
    seen: list[Seen] = field(default_factory=list)
    parents: list[Edge] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    descendants: int = 0

    @property
    def fingerprint(self) -> str | None:
        return next((one.fingerprint for one in self.seen if one.fingerprint), None)

    @property
    def token_id(self) -> str | None:
        return next((one.token_id for one in self.seen if one.token_id), None)

    @property
    def first(self) -> str | None:
        return min((one.first for one in self.seen if one.first), default=None)

    @property
    def expires_at(self) -> str | None:
        return max((one.expires_at for one in self.seen if one.expires_at), default=None)

    @property
    def caveats(self) -> tuple[bytes, ...] | None:
        return next((one.caveats for one in self.seen if one.caveats is not None), None)


@dataclass(frozen=True, slots=True)
class Place:
    """A token's place on a page of the tree: `shown` says whether its children follow it, `left_off` how many do not."""

    key: str
    depth: int
    shown: bool
    left_off: int


class Forest:
    """Trees of tokens. A token with two parents hangs from the first; a circle, which only invented events can make, is
    cut where it is met."""

    def __init__(self, seen: Iterable[Seen], edges: Iterable[Edge], named: Iterable[str] = ()) -> None:
        self.tokens: dict[str, Macaroon] = {}
        seen = list(seen)
        known = {one.token_id for one in seen if one.fingerprint}
        for one in seen:
            # Events without a fingerprint make a token only where no other event tells which it was.
            key = one.fingerprint or (one.token_id if one.token_id not in known else None)
            if key:
                self._token(key).seen.append(one)
        for key in named:
            self._token(key)
        for edge in edges:
            if edge.child:
                self._token(edge.child).parents.append(edge)
                self._token(edge.parent)
        self.tops = self._hang()
        for key, _ in reversed(list(self.walk(self.tops))):  # children before what they hang from
            children = self.tokens[key].children
            self.tokens[key].descendants = sum(1 + self.tokens[child].descendants for child in children)

    def _token(self, key: str) -> Macaroon:
        return self.tokens.setdefault(key, Macaroon(key))

    def _order(self, key: str) -> tuple[str, str]:
        return (self.tokens[key].first or "", key)

    def _hang(self) -> list[str]:
        """Hang each token from its first parent; those that then hang from nothing are the tops."""
        order = sorted(self.tokens, key=self._order)
        for key in order:
            one = self.tokens[key]
            # What the trail recorded goes before what is inferred.
            one.parents.sort(key=lambda edge: (edge.source != "recorded", self._order(edge.parent)))
            if one.parents:
                self.tokens[one.parents[0].parent].children.append(key)
        tops = [key for key in order if not self.tokens[key].parents]
        reached = {key for key, _ in self.walk(tops)}
        for key in order:
            if key not in reached:  # in a circle, or below one
                hung_from = self.tokens[key].parents[0].parent
                self.tokens[hung_from].children.remove(key)
                tops.append(key)
                reached |= {below for below, _ in self.walk([key])}
        return tops

    def walk(self, tops: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Each token below these, before its children, with its depth."""
        waiting = [(key, 0) for key in reversed(list(tops))]
        seen: set[str] = set()
        while waiting:
            key, depth = waiting.pop()
            if key in seen:
                continue
            seen.add(key)
            yield key, depth
            waiting += [(child, depth + 1) for child in reversed(self.tokens[key].children)]

    def page(self, tops: list[str], *, levels: int, children: int, most: int, start: int = 0) -> list[Place]:
        """As much of the trees as a page shows: some levels, some children of each, the most in all."""
        found: list[Place] = []
        waiting = [(key, 0) for key in reversed(tops)]
        while waiting and len(found) < most:
            key, depth = waiting.pop()
            below = self.tokens[key].children[start if not depth else 0 :]
            few = below[:children] if depth < levels and len(found) + len(waiting) < most else []
            few = few[: max(most - len(found) - len(waiting) - 1, 0)]
            found.append(Place(key, depth, bool(few), len(below) - len(few)))
            waiting += [(child, depth + 1) for child in reversed(few)]
        return found
