"""Pin events to a case; look at one piece of evidence; withdraw it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import person, requires, signed_in
from accounts.roles import may_investigate
from investigations import access, presentation
from investigations.errors import Refused
from investigations.forms.cases import PinForm, ReasonForm
from investigations.models import Case, Evidence, Run
from investigations.services import absences, proofs
from investigations.services import evidence as services
from trail.absence import coverage_of
from trail.errors import BadQuery, TrailUnavailable
from trail.search.spec import Search
from web.htmx import is_partial, render_page


@require_POST
@requires(may_investigate)
def pin(request: HttpRequest) -> HttpResponseBase:
    """Pin what is ticked. What was typed and ticked comes back when something is wrong with it."""
    form = PinForm(request.POST, user=person(request))
    if form.is_valid():
        case = access.writable_case_for(person(request), form.cleaned_data["case"])
        try:
            done = services.pin(
                case=case, event_ids=form.cleaned_data["event"], reason=form.cleaned_data["reason"], by=person(request),
                search=_search(request), run=_run(request, form),
            )  # fmt: skip
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.sentence)
        else:
            return _pinned(request, form, case, done)
    context = {"pin": form, "chosen": request.POST.getlist("event"), "single": request.POST.get("single")}
    template = "components/_pin.html" if is_partial(request) else "investigations/pin.html"
    return render_page(request, template, context, status=400)


def _pinned(request: HttpRequest, form: PinForm, case: Case, done: services.Pinned) -> HttpResponseBase:
    sentence = f"Pinned {len(done.new)} to “{case.title}”."
    if done.already:
        sentence += f" {done.already} had been pinned before and stayed as they were."
    if is_partial(request):
        fresh = PinForm(user=person(request), initial={"case": case.public_id, "back": form.cleaned_data["back"],
                                                       "run": form.cleaned_data["run"]})  # fmt: skip
        context = {"pin": fresh, "done": sentence, "case": case, "single": request.POST.get("single")}
        return render_page(request, "components/_pin.html", context)
    messages.success(request, sentence)
    back = form.cleaned_data["back"]
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return redirect(back if back and safe else f"/cases/{case.public_id}/")


def _search(request: HttpRequest) -> Search | None:
    """The search the page was showing, so that the evidence says how it was found."""
    query = request.POST.get("back", "").partition("?")[2]
    try:
        return Search.from_query(QueryDict(query)) if query else None
    except BadQuery:
        return None


def _run(request: HttpRequest, form: PinForm) -> Run | None:
    run = form.cleaned_data["run"]
    return access.run_for(person(request), run) if run else None


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def evidence_detail(request: HttpRequest, public_id: str, number: int) -> HttpResponseBase:
    user = person(request)
    case = access.case_for(user, public_id)
    evidence = case.evidence.filter(number=number).select_related("run").first()
    if evidence is None:
        raise Http404("There is no such evidence in this case.")
    form = ReasonForm(request.POST or None)
    if request.method == "POST":
        access.writable_case_for(user, public_id)
        if form.is_valid() and _withdrawn(evidence, form, request):
            return redirect("case_detail", public_id)
    context = (_absence(evidence) if evidence.is_absence else _copy(evidence)) | {
        "case": case, "evidence": evidence, "form": form, "standing": proofs.of_copy(evidence),
        "may_write": case.is_open and access.may_write(user, case),
    }  # fmt: skip
    page = "absence" if evidence.is_absence else "evidence"
    return render_page(request, f"investigations/{page}.html", context, status=400 if form.errors else 200)


def _copy(evidence: Evidence) -> dict[str, object]:
    document = evidence.document
    return {
        "fields": presentation.fields(document), "original": document.get("event", {}).get("original"),
        "check": _check(evidence),
    }  # fmt: skip


def _absence(evidence: Evidence) -> dict[str, object]:
    statement = evidence.document
    query = urlencode(statement["query"]["url"], doseq=True)
    return {
        "statement": statement, "coverage": coverage_of(statement), "canonical": bytes(evidence.frozen).decode(),
        "check": _check(evidence),
        "search_url": f"{reverse('search')}?{query}" if len(query) < 6_000 else None,
    }  # fmt: skip


def _withdrawn(evidence: Evidence, form: ReasonForm, request: HttpRequest) -> bool:
    try:
        services.withdraw(evidence=evidence, reason=form.cleaned_data["reason"], by=person(request))
    except Refused as refused:
        form.add_error(None, refused.sentence)
        return False
    messages.success(request, f"{evidence.label} is withdrawn. It stays on record.")
    return True


def _check(evidence: Evidence) -> services.Check | absences.Check | None:
    """None when the trail does not answer: the copy is shown all the same, and the page says that it was not compared."""
    try:
        return absences.check(evidence) if evidence.is_absence else services.check(evidence)
    except TrailUnavailable:
        return None
