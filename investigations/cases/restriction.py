"""Restricts a case to its members, lifts that again, and lets a lead or an admin in who breaks the glass with a reason."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.roles import may_break_glass
from core.errors import Refused
from investigations import access
from investigations.audit import CaseAction, record_in_case
from investigations.models import Case, GlassNotice, Membership


@transaction.atomic
def restrict(*, case: Case, by: User) -> None:
    """From now on nobody but its members knows of the case. Restricting a restricted case changes nothing.

    Raises Refused for who leads it without being in it: they would shut themselves out.
    """
    current = Case.objects.select_for_update().get(pk=case.pk)
    if current.is_restricted:
        return
    if not current.memberships.filter(user=by, level=Membership.Level.LEAD).exists():
        raise Refused("Only a member who leads this case may restrict it; add yourself as a lead first.")
    _set_restricted(case, True)
    record_in_case(CaseAction.CASE_RESTRICT, "restricted the case to its members", by=by, case=case)


@transaction.atomic
def lift_restriction(*, case: Case, by: User) -> None:
    """Leads know of the case again. Of a case that is not restricted this changes nothing. Raises Refused."""
    current = Case.objects.select_for_update().get(pk=case.pk)
    if not current.is_restricted:
        return
    if not access.may_lead(by, current):
        raise Refused("You do not lead this case any more.")
    _set_restricted(case, False)
    record_in_case(CaseAction.CASE_LIFT_RESTRICTION, "lifted the restriction", by=by, case=case)


@transaction.atomic
def break_glass(*, number: str, reason: str, by: User) -> Case:
    """Let `by` into a restricted case as one of its leads; its members are told. The case.

    Raises Refused without the right or a reason, and where no restricted case of this number is closed to them.
    """
    if not may_break_glass(by):
        raise Refused("Only a lead or an admin may break the glass.")
    if not reason.strip():
        raise Refused("Say why you have to see this case; its members read it.", "reason")
    # Held before it is asked who is in it, so that of two attempts at once the second finds the first one's.
    case = Case.objects.select_for_update().filter(number=number, is_restricted=True).first()
    if case is None or case.membership_of(by) is not None:
        raise Refused(f"There is no restricted case {number} that is closed to you.", "number")
    members = list(case.memberships.values_list("user_id", flat=True))
    Membership.objects.create(case=case, user=by, level=Membership.Level.LEAD)
    summary = f"broke the glass: {reason.strip()}"
    record_in_case(CaseAction.CASE_BREAK_GLASS, summary, by=by, case=case, labels={"reason": reason.strip()})
    activity = case.activities.filter(action=CaseAction.CASE_BREAK_GLASS).latest("pk")
    GlassNotice.objects.bulk_create(GlassNotice(user_id=member, activity=activity) for member in members)
    return case


def _set_restricted(case: Case, restricted: bool) -> None:
    case.is_restricted = restricted
    case.changed_at = timezone.now()
    case.save(update_fields=["is_restricted", "changed_at"])
