"""Shows a case's timeline page by page, and beside it what people think of the case and what it is about."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.decorators import person, signed_in
from accounts.models import User
from core.access import recorded_as
from core.htmx import render_page
from investigations import access, audit
from investigations.audit import CaseAction
from investigations.cases.case_page import build_case_context, build_references
from investigations.clock_skews.services import read_clock_skews
from investigations.entities.lanes import mark_judged_lanes
from investigations.entities.related_cases import find_related_cases
from investigations.entities.services import list_entities
from investigations.hypotheses.services import list_hypotheses
from investigations.models import Case, Evidence, ManualEvent, Verdict
from investigations.presentation.manual_picture import MOST, ManualPicture
from investigations.presentation.markdown import render_markdown
from investigations.presentation.problems import answer_or_problem
from investigations.timeline import joint
from investigations.timeline.case_search import suggest_searches
from investigations.timeline.entries import build_entries, build_items
from investigations.timeline.evidence_filter import (
    EvidenceFilter,
    NarrowedEvidence,
    list_tags,
    narrow_evidence,
    read_evidence_filter,
)
from investigations.timeline.fact_lifeline import Facts
from investigations.timeline.manual_rows import (
    cut_alike,
    list_milestones,
    list_phases,
    merge_rows,
    part_entries,
    read_manual_events,
    select_entered,
)
from investigations.timeline.overview import count_steps
from investigations.timeline.pages import SHOWN, KeyPage, PagePlace, read_alike, read_page, read_place
from investigations.timeline.picture import draw_case, draw_cases

# Tasks and entities that stand beside the timeline; the others are on pages of their own.
BESIDE = 12
# So much of what is withdrawn is listed below the timeline.
WITHDRAWN = 50
PARTIALS = {"timeline": "timeline"}


@require_safe
@signed_in
@recorded_as(CaseAction.CASE_READ)
def case_detail(request: HttpRequest, public_id: str) -> HttpResponse:
    """A page of a case's timeline."""
    user = person(request)
    case = access.get_case(user, public_id)
    chosen, milestones = read_evidence_filter(request.GET), list_milestones(case)
    context = build_case_context(user, case) | {
        "tab": "timeline",
        "chosen": chosen,
        "carried": urlencode(chosen.words),
        "relevances": Evidence.Relevance.choices if _has_relevance(case) else [],
        "all_relevances": Evidence.Relevance.choices,
        "evidence_tags": list_tags(case),
        "phases": list_phases(milestones),
        **_read_thoughts(case),
        **_list_around(case, user),
        **_list_withdrawn(case),
        "exports": case.exports.filter(run=None)[:5],
        "pin_batch": case.pin_batches.under_way().select_related("run").first(),
    }
    shown, status = _build_timeline(request, case, chosen, milestones)
    return render_page(request, "investigations/timeline/detail.html", context | shown, PARTIALS, status)


def _build_timeline(
    request: HttpRequest, case: Case, chosen: EvidenceFilter, milestones: Sequence[ManualEvent]
) -> tuple[dict[str, Any], int]:
    """The entries of the page, what leads to the others, and the picture of all; a problem in the place of what it is of."""

    def read() -> dict[str, Any]:
        narrowed = narrow_evidence(case, chosen, person(request), milestones)
        return _read_entries(request, case, narrowed, chosen, milestones)

    context, status = answer_or_problem(read, text=chosen.text)
    if "narrowed" not in context:
        return context, status
    numbers = {item.evidence.number for entry in context["entries"] for item in entry.items}
    manual = ManualPicture(case.public_id, list(case.manual_events.not_withdrawn()[: MOST + 1]), milestones)
    drawn, status = answer_or_problem(
        lambda: draw_case(case, context["narrowed"].facts, request.GET, chosen.words, numbers, manual)
    )
    return context | mark_judged_lanes(drawn, case), status


def _read_entries(
    request: HttpRequest,
    case: Case,
    narrowed: NarrowedEvidence,
    chosen: EvidenceFilter,
    milestones: Sequence[ManualEvent],
) -> dict[str, Any]:
    steps = count_steps(narrowed.facts, narrowed.rows)
    shown = sum(step.count for step in steps)
    place = read_place([case], request.GET, is_short=shown <= SHOWN)
    page = read_page([narrowed.rows], place)
    return {
        **_read_rows(case, page, place, narrowed, chosen, milestones),
        "narrowed": narrowed,
        "days": steps if page.has_earlier or page.has_later else [],
        "shown": shown,
    }


def _read_rows(
    case: Case,
    page: KeyPage,
    place: PagePlace,
    narrowed: NarrowedEvidence,
    chosen: EvidenceFilter,
    milestones: Sequence[ManualEvent],
) -> dict[str, Any]:
    """The rows of a page: its entries, and what was entered by hand among them."""
    entered = select_entered(case, milestones, chosen.phase)
    if chosen.leaves_out_manual:
        entered = entered.none()
    manual = read_manual_events(entered, page, narrowed.rows, milestones)
    page = part_entries(page, manual.places)
    entries = build_entries(page, place.label, read_clock_skews(case))
    rows = merge_rows(page, entries, manual.events)
    return {"page": page, "entries": entries, "timeline_rows": rows, "manual": manual}


def _list_around(case: Case, user: User) -> dict[str, object]:
    """What the case is about, and what to look for."""
    return {
        "entities": list_entities(case, most=BESIDE),
        "verdicts": Verdict.Word.choices,
        "queries": case.template.queries.offered() if case.template else (),
        "searches": suggest_searches(case),
        "related": find_related_cases(case, user),
    }


def _has_relevance(case: Case) -> bool:
    return case.evidence.order_by().filter(relevance__gt="").exists()


def _list_withdrawn(case: Case) -> dict[str, object]:
    """What was taken out of the timeline, the earliest, and how much there is."""
    # Every place is greater than none: it is named so that SQLite reads the index of what is withdrawn.
    rows = case.evidence.filter(withdrawn_at__isnull=False, event_place__gt="")
    withdrawn = rows.order_by("event_place", "event_id")
    return {"withdrawn": withdrawn.defer("search")[:WITHDRAWN], "withdrawn_number": withdrawn.count()}


def _read_thoughts(case: Case) -> dict[str, object]:
    """What people of the case think and mean to do."""
    return {
        "summary": render_markdown(case.description, build_references(case)),
        "tasks": case.tasks.in_working_order().select_related("assignee")[:BESIDE],
        "hypotheses": list_hypotheses(case)[:BESIDE],
        "today": timezone.now().date(),
    }


@require_safe
@signed_in
@recorded_as(CaseAction.CASE_READ)
def timeline_entry(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """What is alike and follows one upon the other from a piece of evidence on, as many as a page shows."""
    case = access.get_case(person(request), public_id)
    key = case.evidence.filter(number=number).values_list("event_place", "event_id", "pk").first()
    if key is None:
        raise Http404("There is no such evidence.")
    chosen = read_evidence_filter(request.GET)

    def read() -> dict[str, Any]:
        narrowed = narrow_evidence(case, chosen, person(request), list_milestones(case))
        place = PagePlace(key, is_after=request.GET.get("from") == "after")
        alike, has_more = read_alike(narrowed.rows, place)
        shown, is_all = cut_alike(alike, case, place)
        items = build_items(shown, read_clock_skews(case)).values()
        return {"items": list(items), "next": shown[-1].number if has_more and is_all else None}

    shown, status = answer_or_problem(read, text=chosen.text)
    context = {"case": case, "number": number, "carried": urlencode(chosen.words), **_may_write(request, case), **shown}
    return render_page(request, "investigations/timeline/entry.html", context, {f"alike-{number}": "items"}, status)


def _may_write(request: HttpRequest, case: Case) -> dict[str, object]:
    may_write = case.is_open and access.may_write(person(request), case)
    return {"may_write": may_write, "all_relevances": Evidence.Relevance.choices}


@require_safe
@signed_in
def case_timelines(request: HttpRequest) -> HttpResponse:
    """The timelines of several cases as one: a lane for each in the picture, and rows that say of which case they are.

    To the list of cases where none is named. Each case is on record as read.
    """
    user = person(request)
    if "case" not in request.GET:
        return redirect("case_list")
    cases = joint.get_cases(user, request.GET.getlist("case"))
    for case in cases:
        audit.record_access(CaseAction.CASE_READ, by=user, case=case)
    words = [("case", case.number) for case in cases]
    facts, entered = joint.select_facts(cases), joint.list_entered(cases)
    drawn, status = answer_or_problem(lambda: draw_cases(cases, facts, request.GET, words, entered))
    context = _read_joint_page(request, cases, facts) | {"cases": cases, "words": words, **drawn}
    return render_page(request, "investigations/timeline/joint.html", context, PARTIALS, status)


def _read_joint_page(request: HttpRequest, cases: list[Case], facts: Facts) -> dict[str, Any]:
    """The entries of a page of several cases, with what leads to the others."""
    place = read_place(cases, request.GET)
    page = read_page([case.evidence.not_withdrawn() for case in cases], place)
    entered = ManualEvent.objects.not_withdrawn().filter(case__in=[case.pk for case in cases])
    manual = read_manual_events(entered, page, joint.select_evidence(cases))
    page = part_entries(page, manual.places)
    entries = build_entries(page, place.label)
    return {
        "page": page,
        "manual": manual,
        "entries": entries,
        "timeline_rows": merge_rows(page, entries, manual.events),
        "days": count_steps(facts, joint.select_evidence(cases)),
        **joint.name_ends(cases, page),
    }
