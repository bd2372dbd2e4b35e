"""Narrows the evidence of a case: by relevance, by tag, and by a query as the search page takes it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings
from django.http import QueryDict
from django.utils.http import urlencode

from accounts.models import User
from core.audit import Result
from core.connection import trail
from investigations import access, admission, audit
from investigations.audit import CaseAction
from investigations.models import Case, Evidence, EvidenceTag, ManualEvent, Phase
from investigations.search_url import refuse_secrets
from investigations.timeline.fact_lifeline import Facts
from investigations.timeline.manual_rows import select_phase
from investigations.timeline.pages import Rows
from trail.connection import deadline
from trail.errors import BadQuery
from trail.questions.pinned_events import MatchedEvents, match_events
from trail.search.describe import describe_filter
from trail.search.spec import Filter, Search

# So many events of a case are asked about: ten requests to the engine.
MOST_ASKED = 20_000
_TOO_MANY = (
    "This timeline holds more than {:,} events, and a query is asked of at most so many at once. Choose a relevance or a tag "
    "as well, or search the trail for it: what is pinned is marked there."
)


@dataclass(frozen=True, slots=True)
class FilterChip:
    """A filter beside the query: as people read it, and the words of the address without it."""

    text: str
    without: str


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
        """The filters, each with the way to the timeline without it; one that is not understood as it was written."""
        chips = []
        for text in self.filters:
            others = replace(self, filters=tuple(other for other in self.filters if other != text))
            chips.append(FilterChip(_describe(text), urlencode(others.words)))
        return chips


def _describe(text: str) -> str:
    try:
        chip = Filter.parse(text)
        return f"{'not ' if chip.negated else ''}{describe_filter(chip)}"
    except BadQuery:
        return text


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
    statements, such as absences, a query leaves out, for they are no events.
    """

    rows: Rows
    facts: Facts
    absent: int = 0
    statements: int = 0


def narrow_evidence(
    case: Case, chosen: EvidenceFilter, by: User, milestones: Sequence[ManualEvent] = ()
) -> NarrowedEvidence:
    """What is not withdrawn and passes the filter. The trail is asked where there is a query, within the person's scope.

    Raises BadQuery, also where there are more than MOST_ASKED events to ask about; Busy; TrailUnavailable; WriteRefused.
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
    search = chosen.read_search()
    pairs = list(rows.filter(kind=Evidence.Kind.EVENT).values_list("pk", "event_id")[: MOST_ASKED + 1])
    if len(pairs) > MOST_ASKED:
        raise BadQuery(_TOO_MANY.format(MOST_ASKED))
    matched = _ask(case, search, [event_id for _, event_id in pairs], by)
    keys = [pk for pk, event_id in pairs if event_id in matched.ids]
    statements = rows.exclude(kind=Evidence.Kind.EVENT).count()
    return NarrowedEvidence(rows.filter(pk__in=keys), facts.filter(pk__in=keys), matched.absent, statements)


def _ask(case: Case, search: Search, event_ids: Sequence[str], by: User) -> MatchedEvents:
    """Ask the trail as any search does: in turn, within a person's time, and on record, as looked for in the case."""
    began, cost = time.monotonic(), admission.estimate_search(search)
    with admission.admit_question(by, cost=cost), deadline(settings.QUESTION_SECONDS):
        matched = match_events(trail(), search.resolved(datetime.now(UTC)), event_ids, access.build_scope(by))
    words = urlencode(search.to_query(), doseq=True)
    result = Result(hits=matched.total, seconds=time.monotonic() - began)
    audit.record_access(CaseAction.SEARCH, by=by, case=case, labels={"search": words}, result=result)
    return matched


def list_tags(case: Case) -> list[str]:
    """The tags of the case's evidence, each once, in order."""
    tags = EvidenceTag.objects.filter(evidence__case=case, evidence__withdrawn_at=None)
    return list(tags.order_by("name").values_list("name", flat=True).distinct())
