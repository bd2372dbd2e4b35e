"""Arranges tokens and what comes from what as trees that can be walked. Whatever events claim, each token stands there once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from trail.search.lineage import Edge, SeenMacaroon


@dataclass(slots=True)
class TreeToken:
    """One token: everything that was seen of it. `parents` are what it is said to come from, usually one."""

    key: str
    seen: list[SeenMacaroon] = field(default_factory=list)
    parents: list[Edge] = field(default_factory=list)
    children: list[str] = field(default_factory=list)
    descendants: int = 0

    @property
    def fingerprint(self) -> str | None:
        """None where it is known by its id alone."""
        return next((macaroon.fingerprint for macaroon in self.seen if macaroon.fingerprint), None)

    @property
    def token_id(self) -> str | None:
        """The id that it goes under."""
        return next((macaroon.token_id for macaroon in self.seen if macaroon.token_id), None)

    @property
    def first(self) -> str | None:
        """Its first event, revocations included."""
        return min((macaroon.first for macaroon in self.seen if macaroon.first), default=None)

    @property
    def expires_at(self) -> str | None:
        """The latest end in time that one of its events names."""
        return max((macaroon.expires_at for macaroon in self.seen if macaroon.expires_at), default=None)

    @property
    def caveats(self) -> tuple[bytes, ...] | None:
        """Its caveats in their order; None where no event carries them."""
        return next((macaroon.caveats for macaroon in self.seen if macaroon.caveats is not None), None)


@dataclass(frozen=True, slots=True)
class TreePlace:
    """A token's place on a page of the tree: `shown` says whether its children follow it, `left_off` how many do not."""

    key: str
    depth: int = 0
    shown: bool = False
    left_off: int = 0


class LineageTree:
    """Trees of tokens. A token with two parents hangs from the first; a circle, which only invented events can make, is
    cut where it is met."""

    def __init__(self, seen: Iterable[SeenMacaroon], edges: Iterable[Edge], named: Iterable[str] = ()) -> None:
        self.tokens: dict[str, TreeToken] = {}
        seen = list(seen)
        with_fingerprint = {macaroon.token_id for macaroon in seen if macaroon.fingerprint}
        for macaroon in seen:
            # Events without a fingerprint make a token only where no other event tells which it was.
            key = macaroon.fingerprint or (macaroon.token_id if macaroon.token_id not in with_fingerprint else None)
            if key:
                self._add_token(key).seen.append(macaroon)
        for key in named:
            self._add_token(key)
        for edge in edges:
            if edge.child:
                self._add_token(edge.child).parents.append(edge)
                self._add_token(edge.parent)
        self.tops = self._hang_tokens()
        for key, _ in reversed(list(self.walk(self.tops))):  # children before what they hang from
            children = self.tokens[key].children
            self.tokens[key].descendants = sum(1 + self.tokens[child].descendants for child in children)

    def _add_token(self, key: str) -> TreeToken:
        return self.tokens.setdefault(key, TreeToken(key))

    def _order(self, key: str) -> tuple[str, str]:
        return (self.tokens[key].first or "", key)

    def _hang_tokens(self) -> list[str]:
        """Hang each token from its first parent; those that then hang from nothing are the tops."""
        order = sorted(self.tokens, key=self._order)
        for key in order:
            parents = self.tokens[key].parents
            # What the trail recorded goes before what is inferred. One parent counts once: the walks up and down both meet it.
            by_parent: dict[str, Edge] = {}
            for edge in sorted(parents, key=lambda edge: (edge.source != "recorded", self._order(edge.parent))):
                by_parent.setdefault(edge.parent, edge)
            parents[:] = by_parent.values()
            if parents:
                self.tokens[parents[0].parent].children.append(key)
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

    def list_page(self, tops: list[str], *, levels: int, children: int, most: int, start: int = 0) -> list[TreePlace]:
        """As much of the trees as a page shows: some levels, some children of each, the most in all."""
        places: list[TreePlace] = []
        waiting = [(key, 0) for key in reversed(tops)]
        while waiting and len(places) < most:
            key, depth = waiting.pop()
            below = self.tokens[key].children[start if not depth else 0 :]
            few = below[:children] if depth < levels and len(places) + len(waiting) < most else []
            few = few[: max(most - len(places) - len(waiting) - 1, 0)]
            places.append(TreePlace(key, depth, bool(few), len(below) - len(few)))
            waiting += [(child, depth + 1) for child in reversed(few)]
        return places
