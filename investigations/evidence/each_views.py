"""Pins several events, each with a reason of its own."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.decorators import person, requires
from accounts.models import User
from accounts.roles import may_investigate
from core.connection import trail
from core.errors import Refused
from core.htmx import is_partial, render_page
from core.posts import requires_post
from core.responses import choose_way_back
from investigations import access
from investigations.evidence import services
from investigations.evidence.each_forms import MOST_EACH, EachHeadForm, EventWordsFormSet
from investigations.evidence.forms import Questions
from investigations.models import Case
from investigations.models.cases import CaseQuerySet
from investigations.presentation.event_sentence import describe_event
from trail.errors import TrailUnavailable
from trail.search import execute

COMMON = ("reason", "relevance", "tags", "question")


@requires(may_investigate)
@requires_post(instead="search")
def pin_each(request: HttpRequest) -> HttpResponseBase:
    """The chosen events, each with the words that were typed for all of them; sent once more, they are pinned as it says then."""
    user, post = person(request), request.POST
    head = EachHeadForm(post, user=user)
    questions = Questions(_find_offered(user, post.get("case", "")), post.get("case", ""))
    if "form-TOTAL_FORMS" not in post:
        rows, status = _begin(request, questions), 200
    else:
        rows, status = EventWordsFormSet(post, form_kwargs={"questions": questions}), 400
        if head.is_valid() and rows.is_valid() and (answer := _pin(request, head, rows)):
            return answer
    events = [str(row["event"].value()) for row in rows]
    described = zip(rows, _describe(request, events), strict=True)
    context = {"pin": head, "rows": rows, "described": described, "most": MOST_EACH}
    response = render_page(request, "investigations/evidence/pin_each.html", context, status=status)
    if is_partial(request):  # the bar of chosen rows asks, and this is a page of its own
        response["HX-Retarget"] = response["HX-Reselect"] = "#main"
    return response


def _find_offered(user: User, chosen: str) -> CaseQuerySet:
    """The cases whose questions each row offers: with those of every case, a page of hundreds of rows would be many megabytes."""
    writable = Case.objects.writable_by(user)
    return writable.filter(public_id=chosen) if chosen else writable


def _begin(request: HttpRequest, questions: Questions) -> Any:
    """A row for each of the chosen events, with the words that stand for all of them."""
    common = {name: request.POST.get(name, "") for name in COMMON}
    chosen = list(dict.fromkeys(request.POST.getlist("event")))[:MOST_EACH]
    initial = [{"event": event_id, "chosen": True, **common} for event_id in chosen]
    return EventWordsFormSet(initial=initial, form_kwargs={"questions": questions})


def _pin(request: HttpRequest, head: EachHeadForm, rows: Any) -> HttpResponseBase | None:
    """Pin them; None where a rule says no, which the form then shows."""
    case = access.get_writable_case(person(request), head.cleaned_data["case"])
    words = {row.cleaned_data["event"]: row.read_words() for row in rows if row.cleaned_data["chosen"]}
    run = head.cleaned_data["run"]
    origin = services.PinOrigin(head.cleaned_data["search"], access.get_run(person(request), run) if run else None)
    try:
        pinned = services.pin_each(case=case, words=words, by=person(request), origin=origin)
    except Refused as refused:
        head.add_error(None, refused.sentence)
        return None
    messages.success(request, pinned.write_sentence(case))
    otherwise = reverse("case_detail", args=[case.public_id])
    return redirect(choose_way_back(request, head.cleaned_data["back"], otherwise=otherwise))


def _describe(request: HttpRequest, events: list[str]) -> list[tuple[str, str]]:
    """The time and the sentence of each event; empty where the trail does not answer or this person does not find it."""
    try:
        hits = execute.find(trail(), events, access.build_scope(person(request))) if events else {}
    except TrailUnavailable:
        hits = {}
    read = (hits.get(event_id) for event_id in events)
    return [(hit.timestamp, describe_event(hit.document)) if hit else ("", "") for hit in read]
