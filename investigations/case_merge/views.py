"""Shows what merging a case into another does, and does it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.decorators import person, signed_in
from core.forms import try_change
from core.htmx import render_page
from investigations import access, working_case
from investigations.case_merge import services
from investigations.case_merge.forms import MergeForm
from investigations.models import Case


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def case_merge(request: HttpRequest, public_id: str) -> HttpResponse:
    """Merge the case into another one, which the same person leads; on to that one."""
    case = access.get_led_case(person(request), public_id)
    form = MergeForm(request.POST or None)
    targets: list[Case] = []

    def merge() -> None:
        target = services.find_target(number=form.cleaned_data["number"], by=person(request))
        services.merge_cases(source=case, target=target, reason=form.cleaned_data["reason"], by=person(request))
        targets.append(target)

    if request.method == "POST" and form.is_valid() and try_change(form, merge):
        if working_case.read_working_case(request) == case:
            working_case.begin_work(request, targets[0])
        messages.success(request, f"{case.number} is merged into this case. It keeps its number and what it holds.")
        return redirect("case_detail", targets[0].public_id)
    context = {"form": form, "case": case}
    return render_page(request, "investigations/case_merge/merge.html", context, status=400 if form.errors else 200)
