"""Builds the searches of a compromise: what a token's family did before its revocation, after it, and as whom."""

from dataclasses import dataclass, replace

from trail.questions.answers import ACCEPTED, NOT_ENDINGS, NOT_REFUSED, REFUSED, USED
from trail.search.lineage import TokenRef
from trail.search.spec import Filter, Search
from trail.times import next_nanosecond


@dataclass(frozen=True, slots=True)
class CompromiseWindow:
    """The searches of one answer, all of them over the same family; where an `actor` is chosen, over what they did."""

    token: TokenRef
    everything: Search
    actor: Filter | None
    at: str | None
    revoked_at: str | None
    restored_at: str | None

    @property
    def everyone(self) -> "CompromiseWindow":
        """The same of all actors."""
        return replace(self, actor=None)

    @property
    def acts(self) -> Search:
        """Every event of the chosen actor but revocations, at any time."""
        acts = self.everything.with_filter(NOT_ENDINGS)
        return replace(acts.with_filter(self.actor) if self.actor else acts, sort=("@timestamp", "asc"))

    @property
    def since(self) -> Search:
        """From the compromise on, whatever was revoked."""
        return replace(self.acts, start=self.at)

    @property
    def before(self) -> Search:
        """From the compromise to the revocation."""
        return replace(self.acts, start=self.at, end=self.revoked_at)

    @property
    def radius(self) -> Search:
        """What it reached from the compromise on; what verifiers accepted after the revocation as well."""
        return replace(self.acts.with_filter(NOT_REFUSED), start=self.at, end=self.restored_at)

    @property
    def uses(self) -> Search:
        """Every use of the chosen actor, at any time."""
        return self.acts.with_filter(USED)

    @property
    def legitimate(self) -> Search:
        """What was accepted of anyone before the compromise."""
        return replace(self.everyone.uses.with_filter(ACCEPTED), end=self.at)

    def shorten(self, search: Search) -> Search:
        """The same search as people go on with it: the family by one name, however many it has."""
        of_it = Filter("token.lineage", (self.token.value,))
        return replace(search, text="", parameters=(), filters=(of_it, *search.filters))

    def after(self, outcome: Filter) -> Search:
        """Uses from the nanosecond after the revocation to where the token was restored."""
        assert self.revoked_at
        return replace(self.uses.with_filter(outcome), start=next_nanosecond(self.revoked_at), end=self.restored_at)

    @property
    def denied_late(self) -> Search | None:
        """What was denied after the revocation; None without one."""
        return self.after(REFUSED) if self.revoked_at else None

    @property
    def at_that_instant(self) -> Search:
        """Uses in the nanosecond of the revocation."""
        assert self.revoked_at
        return replace(self.uses, start=self.revoked_at, end=next_nanosecond(self.revoked_at))
