"""Shows how far the clocks of a case's sources were off, notes another, withdraws one."""

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import person, signed_in
from core.access import recorded_as
from core.errors import Refused
from core.forms import try_change
from investigations import access
from investigations.audit import CaseAction
from investigations.cases.case_page import render_tab
from investigations.clock_skews import services as clock_skews
from investigations.clock_skews.forms import ClockSkewForm


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.CLOCK_SKEWS_READ)
def clock_skew_list(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The skews that were noted in a case, and one more."""
    user = person(request)
    case = access.get_case(user, public_id)
    form = ClockSkewForm(request.POST or None, initial={"value": request.GET.get("value", "")[:512]})
    if request.method == "POST":
        case = access.get_writable_case(user, public_id)
        if form.is_valid() and try_change(form, lambda: _add(request, form, public_id)):
            return redirect("clock_skew_list", public_id)
    skews = [(skew, clock_skews.describe_skew(skew)) for skew in case.clock_skews.all()]
    return render_tab(request, case, "timeline", "investigations/clock_skews/list.html", form, skews=skews)


def _add(request: HttpRequest, form: ClockSkewForm, public_id: str) -> None:
    clock_skews.add_clock_skew(
        case=access.get_writable_case(person(request), public_id),
        field=form.cleaned_data["field"],
        value=form.cleaned_data["value"],
        offset=form.read_offset(),
        reason=form.cleaned_data["reason"],
        by=person(request),
    )


@require_POST
@signed_in
def clock_skew_withdraw(request: HttpRequest, public_id: str, pk: int) -> HttpResponseBase:
    """Show one no longer."""
    case = access.get_writable_case(person(request), public_id)
    skew = case.clock_skews.filter(pk=pk).first()
    if skew is None:
        raise Http404("There is no such clock skew.")
    skew.case = case
    try:
        clock_skews.withdraw_clock_skew(skew=skew, by=person(request))
    except Refused as refused:
        messages.error(request, refused.sentence)
    return redirect("clock_skew_list", public_id)
