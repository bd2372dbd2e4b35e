"""Pins all of a result in the background: asks for the reason, shows how far it is, stops it."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.decorators import person, requires, signed_in
from accounts.models import User
from accounts.roles import may_investigate
from core import outages
from core.access import recorded_as
from core.errors import Refused
from core.htmx import render_page
from investigations import access
from investigations.audit import CaseAction
from investigations.models import Evidence, PinBatch, Run
from investigations.pin_batches import services as pin_batches
from investigations.pin_batches.forms import PinBatchForm, ResultSetForm
from investigations.pin_batches.result_sets import pin_result_set
from investigations.presentation.search_description import describe_search, name_search
from investigations.search_url import fixed_words, read_search_request
from investigations.working_case import read_chosen_case
from trail.errors import BadQuery
from trail.search.spec import Search

DETAIL = "investigations/pin_batches/detail.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
def pin_batch_new(request: HttpRequest) -> HttpResponseBase:
    """Into which case and why all that a run or a search finds is pinned; a POST begins it."""
    user, status = person(request), 200
    run = access.get_run(user, name) if (name := request.POST.get("run") or request.GET.get("run")) else None
    if request.method == "POST":
        form, status = PinBatchForm(request.POST, user=user), 400
        if form.is_valid() and (batch := _start(request, form, run)):
            return redirect("pin_batch_detail", batch.public_id)
    else:
        form = PinBatchForm(user=user, initial=_read_place(request, run))
    context = {"pin": form, "run": run, "words": _describe(form, run)}
    return render_page(request, "investigations/pin_batches/new.html", context, status=status)


def _read_place(request: HttpRequest, run: Run | None) -> dict[str, str]:
    """What the form begins with: the case, and the run or the search of the address, which is made absolute here."""
    place = {"case": read_chosen_case(request)}
    if run is not None:
        return {"case": place["case"] or (run.case.public_id if run.case else ""), "run": run.public_id}
    search = read_search_request(request.GET).search
    if search is None:
        return place
    try:
        return place | {"search": fixed_words(search, datetime.now(UTC))}
    except BadQuery:
        return place


def _describe(form: PinBatchForm, run: Run | None) -> str:
    """Of which search all is pinned; empty where none is understood."""
    if run is not None:
        return describe_search(Search.from_json(run.search))
    search = form.read_search()
    return "" if search is None else describe_search(search)


def _start(request: HttpRequest, form: PinBatchForm, run: Run | None) -> PinBatch | None:
    """Begin it; None where a rule says no, which the form then shows."""
    user, words = person(request), form.cleaned_data
    case = access.get_writable_case(user, words["case"])
    try:
        if run is not None:
            return pin_batches.start(case=case, run=run, by=user, words=form.read_words())
        search, title = words["search"], name_search(words["search"])
        return pin_batches.start_from_search(case=case, search=search, title=title, by=user, words=form.read_words())
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.sentence)
    except BadQuery as error:
        form.add_error(None, error.message)
    return None


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
def result_set_pin(request: HttpRequest) -> HttpResponseBase:
    """Into which case and why the results of a run are pinned as a whole; a POST pins them."""
    user, status = person(request), 200
    if not (name := request.POST.get("run") or request.GET.get("run")):
        return redirect("run_list")
    run = access.get_run(user, name)
    if request.method == "POST":
        form = ResultSetForm(request.POST, user=user)
        evidence, status = _pin_result_set(form, run, user) if form.is_valid() else (None, 400)
        if evidence:
            messages.success(request, f"{evidence.label}: the result set is pinned to “{evidence.case.title}”.")
            return redirect("evidence_detail", evidence.case.public_id, evidence.number)
    else:
        form = ResultSetForm(user=user, initial=_read_place(request, run))
    context = {"run": run, "words": describe_search(Search.from_json(run.search)), "pin": form}
    return render_page(request, "investigations/pin_batches/result_set.html", context, status=status)


def _pin_result_set(form: ResultSetForm, run: Run, user: User) -> tuple[Evidence | None, int]:
    """Pin it; none where a rule says no or a part is down, which the form then shows, and the status of that answer."""
    case = access.get_writable_case(user, form.cleaned_data["case"])
    try:
        reason, thoughts = form.cleaned_data["reason"], form.read_thoughts()
        return pin_result_set(case=case, run=run, reason=reason, by=user, **thoughts), 200
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, refused.sentence)
    except BadQuery as error:
        form.add_error(None, error.message)
    except outages.OUTAGES as error:
        form.add_error(None, outages.report(error))
        return None, 503
    return None, 400


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.PIN_BATCH_READ)
def pin_batch_detail(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """How far a pin batch is; a POST stops it."""
    user = person(request)
    batch = access.get_pin_batch(user, public_id)
    context: dict[str, Any] = {"batch": batch, "case": batch.case, "run": batch.run, "status": 200}
    context["may_stop"] = access.may_stop(user, batch)
    if access.may_see(user, batch.run):
        context["words"] = describe_search(Search.from_json(batch.run.search))
    if request.method == "POST":
        if not context["may_stop"]:
            raise PermissionDenied("You may see this and not stop it.")
        try:
            pin_batches.cancel(batch=batch, by=user)
            return redirect("pin_batch_detail", public_id)
        except Refused as refused:
            context |= {"sentence": refused.sentence, "status": 409}
    return render_page(request, DETAIL, context, {"progress": "progress", "watch": "watch"}, context["status"])
