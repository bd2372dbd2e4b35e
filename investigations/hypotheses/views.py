"""Shows the hypotheses of a case, adds one, and changes one."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.decorators import person, signed_in
from core.access import recorded_as
from core.forms import try_change
from core.htmx import render_page
from investigations import access
from investigations.audit import CaseAction
from investigations.cases.case_page import build_case_context, build_references, render_tab
from investigations.hypotheses import services as hypotheses
from investigations.hypotheses.forms import HypothesisChangeForm, HypothesisForm
from investigations.models import Case, Hypothesis
from investigations.presentation.markdown import render_markdown


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.HYPOTHESES_READ)
def hypothesis_list(request: HttpRequest, public_id: str) -> HttpResponse:
    """The hypotheses of a case, and one more."""
    user = person(request)
    case = access.get_case(user, public_id)
    form = HypothesisForm(request.POST or None)
    if request.method == "POST":
        case = access.get_writable_case(user, public_id)
        if form.is_valid() and try_change(
            form, lambda: hypotheses.add_hypothesis(case=case, by=user, **form.cleaned_data)
        ):
            return redirect("hypothesis_list", public_id)
    return render_tab(
        request, case, "hypotheses", "investigations/hypotheses/list.html", form, hypotheses=_render(case)
    )


def _render(case: Case) -> list[tuple[Hypothesis, str]]:
    """Each with its answer as HTML."""
    references = build_references(case)
    return [(each, render_markdown(each.answer, references)) for each in hypotheses.list_hypotheses(case)]


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@recorded_as(CaseAction.HYPOTHESES_READ)
def hypothesis_detail(request: HttpRequest, public_id: str, number: int) -> HttpResponse:
    """One hypothesis, changed; of two who change it at once the second sees both."""
    case = access.get_writable_case(person(request), public_id)
    hypothesis = hypotheses.list_hypotheses(case).filter(number=number).first()
    if hypothesis is None:
        raise Http404("There is no such hypothesis.")
    form = HypothesisChangeForm(request.POST or None, initial=hypotheses.read_words(hypothesis))
    status = 200
    if request.method == "POST":
        status = _change(request, hypothesis, form)
        if status == 200:
            return redirect("hypothesis_list", public_id)
    context = build_case_context(person(request), case) | {"tab": "hypotheses", "form": form, "hypothesis": hypothesis}
    return render_page(request, "investigations/hypotheses/detail.html", context, status=status)


def _change(request: HttpRequest, hypothesis: Hypothesis, form: HypothesisChangeForm) -> int:
    """Change the hypothesis as the form says; the status of the answer."""

    def change() -> None:
        hypotheses.change_hypothesis(hypothesis=hypothesis, by=person(request), **form.cleaned_data)

    def read_current() -> dict[str, object]:
        return hypotheses.read_words(hypotheses.list_hypotheses(hypothesis.case).get(pk=hypothesis.pk))

    return form.save_change(change, read_current, marks_field=True)
