"""Pins events to a case, shows one piece of evidence, withdraws it."""

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from accounts.decorators import person, requires, signed_in
from accounts.roles import may_investigate
from core import outages
from core.access import recorded_as
from core.errors import Refused
from core.forms import ReasonForm
from core.htmx import is_partial, render_page
from core.posts import requires_post
from core.responses import choose_way_back
from investigations import access
from investigations.audit import CaseAction
from investigations.evidence import absences, annotations, custody, services, statements
from investigations.evidence.absences import Doubtful
from investigations.evidence.forms import AbsenceForm, AnnotationForm, PinForm
from investigations.models import Case, Evidence, ForeignCase, Run
from investigations.presentation import cells
from investigations.presentation.statements import describe_evidence, find_kind
from investigations.proofs import services as proofs
from investigations.search_url import fits_address
from trail.errors import BadQuery, TrailUnavailable
from trail.questions.statements import read_coverage

Check = TypeVar("Check")


@requires(may_investigate)
@requires_post(instead="search")
def pin(request: HttpRequest) -> HttpResponseBase:
    """Pin what is ticked. What was typed and ticked comes back when something is wrong with it."""
    form = PinForm(request.POST, user=person(request))
    if form.is_valid():
        case = access.get_writable_case(person(request), form.cleaned_data["case"])
        origin = services.PinOrigin(form.cleaned_data["search"], _run(request, form))
        words = dict.fromkeys(form.cleaned_data["event"], form.read_words())
        try:
            pinned = services.pin_each(case=case, words=words, by=person(request), origin=origin)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.sentence)
        else:
            return _show_pinned(request, form, case, pinned)
    context = {"pin": form, "chosen": request.POST.getlist("event"), **_read_place(request)}
    template = "components/_pin.html" if is_partial(request) else "investigations/evidence/pin.html"
    return render_page(request, template, context, status=400)


def _show_pinned(request: HttpRequest, form: PinForm, case: Case, pinned: services.Pinned) -> HttpResponseBase:
    sentence = pinned.write_sentence(case)
    if is_partial(request):
        same = {name: form[name].value() for name in ("search", "back", "run")}
        fresh = PinForm(user=person(request), initial={"case": case.public_id, **same})
        context = {
            "pin": fresh,
            "done": sentence,
            "new": pinned.new,
            "case": case,
            "pin_case": case,
            **_read_place(request),
        }
        return render_page(request, "components/_pin.html", context)
    messages.success(request, sentence)
    otherwise = reverse("case_detail", args=[case.public_id])
    return redirect(choose_way_back(request, form.cleaned_data["back"], otherwise=otherwise))


def _read_place(request: HttpRequest) -> dict[str, object]:
    """Where the form stands: beside one event, in the bar of the rows that are chosen, or by itself."""
    return {"single": request.POST.get("single"), "selection": request.POST.get("place") == "selection"}


def _run(request: HttpRequest, form: PinForm) -> Run | None:
    run = form.cleaned_data["run"]
    return access.get_run(person(request), run) if run else None


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.EVIDENCE_READ)
def evidence_detail(request: HttpRequest, public_id: str, number: int) -> HttpResponseBase:
    """One piece of evidence, compared with the trail and its seal; a POST withdraws it."""
    user = person(request)
    case = access.get_case(user, public_id)
    evidence = _get_evidence(case, number)
    form = ReasonForm(request.POST or None)
    if request.method == "POST":
        access.get_writable_case(user, public_id)
        if form.is_valid() and _withdraw(evidence, form, request):
            return redirect("case_detail", public_id)
    else:
        custody.record_view(evidence, by=user)
    foreign = _find_origin(evidence)
    build = _build_statement_context if evidence.is_statement else _build_copy_context
    context = build(request, evidence, is_foreign=foreign is not None) | {
        "case": case,
        "evidence": evidence,
        "form": form,
        "seal": proofs.judge_copy(evidence),
        "foreign": foreign,
        "may_write": case.is_open and access.may_write(user, case),
        **_read_custody(evidence),
    }
    page = find_kind(evidence).page if evidence.is_statement else "investigations/evidence/detail.html"
    return render_page(request, page, context, status=400 if form.errors else 200)


def _find_origin(evidence: Evidence) -> ForeignCase | None:
    """Of evidence that came from another console, from which."""
    return ForeignCase.objects.filter(case__evidence=evidence, case__evidence__foreign__isnull=False).first()


def _get_evidence(case: Case, number: int) -> Evidence:
    evidence = case.evidence.filter(number=number).select_related("run").first()
    if evidence is None:
        raise Http404("There is no such evidence in this case.")
    evidence.case = case
    return evidence


def _read_custody(evidence: Evidence) -> dict[str, object]:
    """The last entries, in the order in which things were done, and how many stand before these."""
    entries, number = custody.read_custody(evidence), evidence.custody.count()
    earlier = max(0, number - custody.PAGE_SIZE)
    return {"custody": entries[earlier:number], "earlier": earlier}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.EVIDENCE_READ)
def evidence_annotate(request: HttpRequest, public_id: str, number: int) -> HttpResponseBase:
    """How relevant a piece of evidence is, and its tags; of two who change them at once the second sees both."""
    case = access.get_writable_case(person(request), public_id)
    evidence = _get_evidence(case, number)
    form = AnnotationForm(request.POST or None, case=case, initial=annotations.read_annotation(evidence))
    status = 200
    if request.method == "POST":
        status = form.save_change(
            lambda: annotations.annotate(evidence=evidence, by=person(request), **form.read_words()),
            lambda: annotations.read_annotation(case.evidence.get(pk=evidence.pk)),
        )
        if status == 200:
            return redirect("evidence_detail", public_id, number)
    context = {"case": case, "evidence": evidence, "form": form}
    return render_page(request, "investigations/evidence/annotate.html", context, status=status)


def _build_copy_context(request: HttpRequest, evidence: Evidence, *, is_foreign: bool) -> dict[str, object]:
    document = evidence.document
    return {
        "fields": cells.build_fields(document),
        "original": document.get("event", {}).get("original"),
        "names_run": evidence.run is None or evidence.run.is_named_in(evidence.case),
        "check": None if is_foreign else _compare(lambda: services.check_copy(evidence)),
    }


def _build_statement_context(request: HttpRequest, evidence: Evidence, *, is_foreign: bool) -> dict[str, object]:
    statement, on_demand = evidence.document, request.GET.get("again") == "yes"
    address = f"{reverse('search')}?{urlencode(statement['query']['url'], doseq=True)}"
    return {
        "statement": statement,
        "coverage": read_coverage(statement),
        "canonical": bytes(evidence.frozen).decode(),
        "sentence": describe_evidence(evidence),
        "check": None if is_foreign else _compare(lambda: statements.check_statement(evidence, on_demand=on_demand)),
        "search_url": address if fits_address(address) else None,
    }


def _withdraw(evidence: Evidence, form: ReasonForm, request: HttpRequest) -> bool:
    """Withdraw it; False when a rule says no, which the form then shows."""
    try:
        services.withdraw(evidence=evidence, reason=form.cleaned_data["reason"], by=person(request))
    except Refused as refused:
        form.add_error(None, refused.sentence)
        return False
    messages.success(request, f"{evidence.label} is withdrawn. It stays on record.")
    return True


def _compare(ask: Callable[[], Check]) -> Check | None:
    """None when the trail does not answer: the copy is shown all the same, and the page says that it was not compared."""
    try:
        return ask()
    except TrailUnavailable:
        return None


@requires(may_investigate)
@requires_post(instead="search")
def pin_absence(request: HttpRequest) -> HttpResponseBase:
    """Ask anew and pin it. What was typed comes back when something is wrong with it, or when there is something now."""
    form, status = AbsenceForm(request.POST, user=person(request)), 400
    context: dict[str, object] = {"absence": form}
    if form.is_valid():
        words = {name: form.cleaned_data[name] for name in ("search", "reason", "provisional")}
        case = access.get_writable_case(person(request), form.cleaned_data["case"])
        try:
            evidence = absences.pin(case=case, by=person(request), **words, **form.read_thoughts())
            messages.success(request, f"{evidence.label}: that there is no such event is pinned to “{case.title}”.")
            return redirect("evidence_detail", case.public_id, evidence.number)
        except Doubtful as refused:
            form.add_error("provisional", refused.sentence)
            context["doubts"] = refused.doubts
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.sentence)
        except BadQuery as error:
            form.add_error(None, error.message)
        except outages.OUTAGES as error:
            context["problem"] = outages.report(error)
            status = 503
    return render_page(request, "investigations/evidence/pin_absence.html", context, status=status)
