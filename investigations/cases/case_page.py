"""Builds what every page of a case shows: its head, its tabs, and what this person may do there."""

from django.db.models import Max
from django.forms import Form
from django.http import HttpRequest, HttpResponse

from accounts.decorators import person
from accounts.models import User
from core.htmx import render_page
from investigations import access
from investigations.cases.services import count_contents, find_newest_activity
from investigations.models import Case, CaseVerification, ForeignCase
from investigations.presentation.markdown import References


def build_case_context(user: User, case: Case) -> dict[str, object]:
    """What every page of a case shows, and what this person may do there."""
    return {
        "case": case,
        "may_write": case.is_open and access.may_write(user, case),
        "may_lead": access.may_lead(user, case),
        "counts": count_contents(case),
        "people_names": [str(membership.user) for membership in case.memberships.select_related("user")],
        "steps": _build_steps(case),
        "newest": find_newest_activity(case),
        "merged_into": Case.objects.visible_to(user).filter(pk=case.merged_into_id).first()
        if case.merged_into_id
        else None,
        "merged_cases": Case.objects.visible_to(user).filter(merged_into=case).order_by("number"),
        "foreign": ForeignCase.objects.filter(case=case).select_related("key").first(),
        "verified": case.verifications.filter(state=CaseVerification.State.FINISHED).order_by("-pk").first(),
    }


def render_tab(request: HttpRequest, case: Case, tab: str, template: str, form: Form, **parts: object) -> HttpResponse:
    """A page of a case with a form that adds to it. What was refused stays in the form, though the case may be closed by now."""
    context = build_case_context(person(request), case) | {"tab": tab, "form": form, **parts}
    context["may_write"] = context["may_write"] or bool(form.errors)
    return render_page(request, template, context, status=400 if form.errors else 200)


def build_references(case: Case) -> References:
    """What texts of the case may refer to: evidence is numbered without a gap and never deleted."""
    last = case.evidence.order_by().aggregate(last=Max("number"))["last"] or 0
    return References(case.public_id, range(1, last + 1))


def _build_steps(case: Case) -> list[tuple[str, str]]:
    """Each status in words, and where the case stands: what is done, now, and what is still to come."""
    here = Case.Status.values.index(case.status)
    return [
        (words, "done" if place < here else "now" if place == here else "")
        for place, words in enumerate(Case.Status.labels)
    ]
