"""Changes the evidence that is chosen on a timeline, all of it or none."""

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.decorators import person, signed_in
from core.forms import try_change
from core.htmx import render_page
from core.responses import choose_way_back, name_page_of_form
from investigations import access
from investigations.evidence import bulk
from investigations.evidence.bulk import EvidenceChange
from investigations.evidence.forms import EvidenceChangeForm, read_revisions
from investigations.hypotheses.evidence_numbers import write_numbers
from investigations.models import Case, Evidence


@require_POST
@signed_in
def evidence_change(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """Change or withdraw what is chosen. What was chosen and typed comes back when a rule says no."""
    case = access.get_writable_case(person(request), public_id)
    chosen, form = request.POST.getlist("evidence"), EvidenceChangeForm(request.POST)
    revisions, changed = read_revisions(chosen), list[Evidence]()
    if form.is_valid() and try_change(form, lambda: changed.extend(_change(request, case, revisions, form))):
        did = "Withdrawn, and on record for ever" if form.cleaned_data["act"] == form.WITHDRAW else "Changed"
        numbers = write_numbers(each.number for each in changed)
        messages.success(request, f"{did}: {numbers}." if changed else "It was so already; nothing was changed.")
        otherwise = reverse("case_detail", args=[public_id])
        return redirect(choose_way_back(request, name_page_of_form(request), otherwise=otherwise))
    context = {"case": case, "form": form, "chosen": chosen, "labels": write_numbers(revisions)}
    return render_page(request, "investigations/evidence/change.html", context, status=400)


def _change(request: HttpRequest, case: Case, revisions: dict[int, int], form: EvidenceChangeForm) -> list[Evidence]:
    words, by = form.cleaned_data, person(request)
    if words["act"] == form.WITHDRAW:
        return bulk.withdraw_all(case=case, numbers=list(revisions), reason=words["reason"], by=by)
    change = EvidenceChange(words["relevance"], words["add_tag"], words["remove_tag"])
    return bulk.annotate_all(case=case, revisions=revisions, change=change, by=by)
