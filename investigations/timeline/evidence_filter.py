"""Narrows the evidence of a case: by relevance, by tag, and by a query as the search page takes it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.http import QueryDict
from django.utils.http import urlencode

from accounts.models import User
from investigations.models import Case, Evidence, EvidenceTag, ManualEvent, Phase
from investigations.search_url import refuse_secrets
from investigations.timeline.evidence_matches import find_matches
from investigations.timeline.fact_lifeline import Facts
from investigations.timeline.manual_rows import select_phase
from investigations.timeline.pages import Rows
from trail.errors import BadQuery
from trail.search.describe import describe_filter
from trail.search.spec import Filter, Search


@dataclass(frozen=True, slots=True)
class FilterChip:
    """A filter beside the query: as people read it, as an address writes it, and the words of the address for the timeline
    without it, with its opposite, and with it set aside or used again.

    `filter` is None of one that is not understood.
    """

    text: str
    value: str
    filter: Filter | None
    without: str
    turned: str = ""
    switched: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceFilter:
    """An empty text leaves out nothing; `text` and `filters` are a query and its filters, as an address writes them."""

    relevance: str = ""
    tag: str = ""
    text: str = ""
    filters: tuple[str, ...] = ()
    phase: str = ""

    @property
    def is_set(self) -> bool:
        """Whether something may be left out."""
        return bool(self.phase or self.leaves_out_manual)

    @property
    def leaves_out_manual(self) -> bool:
        """Whether what was entered by hand is left out: it has no relevance, tag or field that is searched."""
        return bool(self.relevance or self.tag or self.is_query)

    @property
    def is_query(self) -> bool:
        """Whether the trail has to be asked."""
        return bool(self.text or self.filters)

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """The names and values that say it in an address."""
        pairs = (("relevance", self.relevance), ("tag", self.tag), ("phase", self.phase), ("q", self.text))
        return (*((name, value) for name, value in pairs if value), *(("f", value) for value in self.filters))

    def read_search(self) -> Search:
        """The query as a search. Raises BadQuery."""
        query = QueryDict(urlencode([pair for pair in self.words if pair[0] in ("q", "f")]))
        refuse_secrets(query)
        return Search.from_query(query)

    def list_chips(self) -> list[FilterChip]:
        """The filters, each with what can be done to it; one that is not understood as it was written."""
        return [self._build_chip(text) for text in self.filters]

    def _build_chip(self, text: str) -> FilterChip:
        without = urlencode(self.with_filter(text, None).words)
        try:
            chip = Filter.parse(text)
        except BadQuery:
            return FilterChip(text, text, None, without)
        turned, switched = replace(chip, negated=not chip.negated), replace(chip, disabled=not chip.disabled)
        return FilterChip(
            text=f"{'not ' if chip.negated else ''}{describe_filter(chip)}",
            value=text,
            filter=chip,
            without=without,
            turned=urlencode(self.with_filter(text, turned).words),
            switched=urlencode(self.with_filter(text, switched).words),
        )

    def with_filter(self, old: str, new: Filter | None) -> "EvidenceFilter":
        """The same with a filter in the place of an old one, behind all where there is no such old one; without it for None."""
        texts = [str(new) if new and text == old else text for text in self.filters if new or text != old]
        if new and old not in self.filters:
            texts.append(str(new))
        return replace(self, filters=tuple(dict.fromkeys(texts)))


def read_evidence_filter(query: QueryDict) -> EvidenceFilter:
    """That of an address; a relevance that there is none of leaves out nothing."""
    relevance = query.get("relevance", "")
    return EvidenceFilter(
        phase=phase if (phase := query.get("phase", "")) in Phase.values else "",
        relevance=relevance if relevance in Evidence.Relevance.values else "",
        tag=query.get("tag", "")[:40],
        text=query.get("q", "").replace("\r\n", "\n").strip(),
        filters=tuple(dict.fromkeys(filter(None, query.getlist("f")))),
    )


@dataclass(frozen=True, slots=True)
class NarrowedEvidence:
    """The evidence of a case that a filter leaves, and the facts of its events.

    `absent` is how many events the trail does not show any more, which a query therefore cannot find; `statements` how many
    statements, such as absences, a query leaves out, for they are no events. A query was asked of the first `queried` of
    `events` events: of fewer than all where the time of one page did not do, and the next page goes on.
    """

    rows: Rows
    facts: Facts
    absent: int = 0
    statements: int = 0
    queried: int = 0
    events: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether a query was asked of every event."""
        return self.queried == self.events


def narrow_evidence(
    case: Case, chosen: EvidenceFilter, by: User, milestones: Sequence[ManualEvent] = ()
) -> NarrowedEvidence:
    """What is not withdrawn and passes the filter. The trail is asked where there is a query, within the person's scope.

    Raises BadQuery, Busy, TrailUnavailable, WriteRefused.
    """
    rows, facts = case.evidence.not_withdrawn(), case.facts.not_withdrawn()
    if chosen.relevance:
        rows, facts = rows.filter(relevance=chosen.relevance), facts.filter(evidence__relevance=chosen.relevance)
    if chosen.phase:
        rows = rows.filter(select_phase(milestones, chosen.phase, "event_place"))
        facts = facts.filter(select_phase(milestones, chosen.phase, "evidence__event_place"))
    if chosen.tag:
        rows, facts = rows.filter(tags__name=chosen.tag), facts.filter(evidence__tags__name=chosen.tag)
    if not chosen.is_query:
        return NarrowedEvidence(rows, facts)
    events = rows.filter(kind=Evidence.Kind.EVENT)
    is_annotated = bool(chosen.relevance or chosen.tag)
    matches = find_matches(case, events, chosen.read_search(), by, is_annotated=is_annotated)
    return NarrowedEvidence(
        rows.filter(pk__in=matches.keys),
        facts.filter(pk__in=matches.keys),
        absent=matches.absent,
        statements=rows.exclude(kind=Evidence.Kind.EVENT).count(),
        queried=matches.queried,
        events=matches.events,
    )


def list_tags(case: Case) -> list[str]:
    """The tags of the case's evidence, each once, in order."""
    tags = EvidenceTag.objects.filter(evidence__case=case, evidence__withdrawn_at=None)
    return list(tags.order_by("name").values_list("name", flat=True).distinct())
