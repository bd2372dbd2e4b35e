"""Shows a case's timeline, and beside it what people think of it and what it is about."""

from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.decorators import person, signed_in
from accounts.models import User
from core.access import recorded_as
from core.htmx import render_page
from investigations import access
from investigations.audit import CaseAction
from investigations.cases.case_page import build_case_context
from investigations.entities.services import find_related_cases, list_entities
from investigations.hypotheses.services import list_hypotheses
from investigations.models import Case, Evidence
from investigations.presentation.case_picture import build_case_lifeline
from investigations.presentation.markdown import References, render_markdown
from investigations.presentation.problems import answer_or_problem
from investigations.timeline.case_search import suggest_searches
from investigations.timeline.entries import fold_entries
from investigations.timeline.evidence_filter import EvidenceFilter, list_tags, read_evidence_filter

# Tasks and entities that stand beside the timeline; the others are on pages of their own.
BESIDE = 12
# So many that are alike stand open.
UNFOLDED = 5


@require_safe
@signed_in
@recorded_as(CaseAction.CASE_READ)
def case_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """A case's timeline."""
    user = person(request)
    case = access.get_case(user, public_id)
    evidence = list(case.evidence.not_withdrawn().in_time_order().prefetch_related("tags"))
    shown = (chosen := read_evidence_filter(request.GET)).filter_evidence(evidence)
    drawn, status = answer_or_problem(lambda: _draw(request, case, shown))
    context = build_case_context(user, case) | {
        "tab": "timeline",
        **_build_entries(chosen, evidence, shown),
        **_read_thoughts(case, evidence),
        **_list_around(case, user, evidence),
        "withdrawn": case.evidence.exclude(withdrawn_at=None).in_time_order(),
        "exports": case.exports.filter(run=None)[:5],
        "pin_batch": case.pin_batches.under_way().select_related("run").first(),
    }
    return render_page(
        request, "investigations/timeline/detail.html", context | drawn, {"timeline": "timeline"}, status
    )


def _list_around(case: Case, user: User, evidence: list[Evidence]) -> dict[str, object]:
    """What the case is about, and what to look for."""
    entities = list_entities(case, evidence)
    return {
        "entities": entities[:BESIDE],
        "queries": case.template.queries.offered() if case.template else (),
        "searches": suggest_searches(case, entities, evidence),
        "related": find_related_cases(case, user),
    }


def _build_entries(chosen: EvidenceFilter, evidence: list[Evidence], shown: list[Evidence]) -> dict[str, object]:
    """The entries that are shown, and what the timeline can be narrowed by."""
    relevance = Evidence.Relevance.choices if any(each.relevance for each in evidence) else []
    return {
        "evidence": evidence,
        "entries": fold_entries(shown),
        "unfolded": UNFOLDED,
        "shown": len(shown),
        "chosen": chosen,
        "relevances": relevance,
        "evidence_tags": list_tags(evidence),
    }


def _read_thoughts(case: Case, evidence: list[Evidence]) -> dict[str, object]:
    """What people of the case think and mean to do."""
    references = References(case.public_id, {each.number for each in evidence})
    return {
        "summary": render_markdown(case.description, references),
        "tasks": case.tasks.in_working_order().select_related("assignee")[:BESIDE],
        "hypotheses": list_hypotheses(case)[:BESIDE],
        "today": timezone.now().date(),
    }


def _draw(request: HttpRequest, case: Case, evidence: list[Evidence]) -> dict[str, object]:
    """The lifeline of what is pinned; a statement has no place on it."""
    events = [each for each in evidence if not each.is_statement]
    places = {each.event_id: f"#{each.label}" for each in events}
    documents = [each.document for each in events]
    return build_case_lifeline(case.title, documents, places, request.GET, datetime.now(UTC))
