"""Every change of a case, one function each: atomic, and on record in the trail."""

from django.db import transaction

from accounts.models import User
from accounts.roles import may_investigate
from investigations.errors import CaseClosed, Refused
from investigations.journal import Action, record_in_case
from investigations.models import Case, Membership, Note

CHANGEABLE = ("title", "description", "severity")


@transaction.atomic
def open_case(*, title: str, by: User, description: str = "", severity: str = Case.Severity.MEDIUM) -> Case:
    """A new case that `by` leads."""
    case = Case.objects.create(
        title=title, description=description, severity=severity, opened_by=by, opened_by_name=by.name or by.username
    )
    Membership.objects.create(case=case, user=by, level=Membership.Level.LEAD)
    record_in_case(Action.CASE_OPEN, "opened the case", by=by, case=case, labels={"severity": severity})
    return case


def hold_open(case: Case) -> None:
    """Hold the case's row, so that changes come one after the other, and nobody closes it meanwhile. Raises CaseClosed."""
    if Case.objects.select_for_update().filter(pk=case.pk, status=Case.Status.OPEN).first() is None:
        raise CaseClosed


@transaction.atomic
def change(*, case: Case, by: User, **values: str) -> list[str]:
    """Change title, description or severity; the names of what really changed."""
    changed = [name for name in CHANGEABLE if name in values and getattr(case, name) != values[name]]
    if not changed:
        return []
    hold_open(case)
    for name in changed:
        setattr(case, name, values[name])
    case.save()
    record_in_case(Action.CASE_CHANGE, f"changed the {' and the '.join(changed)}", by=by, case=case,
                   labels={"changed": ",".join(changed), "severity": case.severity})  # fmt: skip
    return changed


@transaction.atomic
def close(*, case: Case, by: User) -> None:
    """No more evidence, notes or changes until it is reopened. Closing a closed case changes nothing."""
    if Case.objects.filter(pk=case.pk, status=Case.Status.OPEN).update(status=Case.Status.CLOSED):
        case.refresh_from_db()
        record_in_case(Action.CASE_CLOSE, "closed the case", by=by, case=case)


@transaction.atomic
def reopen(*, case: Case, by: User) -> None:
    if Case.objects.filter(pk=case.pk, status=Case.Status.CLOSED).update(status=Case.Status.OPEN):
        case.refresh_from_db()
        record_in_case(Action.CASE_REOPEN, "reopened the case", by=by, case=case)


@transaction.atomic
def add_member(*, case: Case, user: User, level: str, by: User) -> Membership:
    """Let somebody into the case, or change how. Raises Refused when it would leave the case without a lead."""
    if level != Membership.Level.READER and not may_investigate(user):
        raise Refused(f"{user.username} is a viewer and can only read cases; choose “Reads only”.", "level")
    before = case.memberships.filter(user=user).first()
    if before is None:
        membership = Membership.objects.create(case=case, user=user, level=level)
        record_in_case(Action.MEMBER_ADD, f"added {user.username} ({membership.get_level_display().lower()})",
                       by=by, case=case, labels={"member": user.username, "level": level})  # fmt: skip
        return membership
    if before.level != level:
        _keep_a_lead(case, before, level)
        before.level = level
        before.save()
        record_in_case(Action.MEMBER_CHANGE, f"changed {user.username} to {before.get_level_display().lower()}",
                       by=by, case=case, labels={"member": user.username, "level": level})  # fmt: skip
    return before


@transaction.atomic
def remove_member(*, case: Case, user: User, by: User) -> None:
    """Let somebody out of the case; their work stays. Raises Refused for the last lead."""
    membership = case.memberships.filter(user=user).first()
    if membership is None:
        return
    _keep_a_lead(case, membership, None)
    membership.delete()
    record_in_case(Action.MEMBER_REMOVE, f"removed {user.username}", by=by, case=case, labels={"member": user.username})


def _keep_a_lead(case: Case, membership: Membership, level: str | None) -> None:
    lead = Membership.Level.LEAD
    others = case.memberships.filter(level=lead).exclude(pk=membership.pk)
    if membership.level == lead and level != lead and not others.exists():
        raise Refused(f"{membership.user.username} is the only lead of this case; name another lead first.", "level")


@transaction.atomic
def write_note(*, case: Case, text: str, by: User) -> Note:
    """Add a note. Notes are not changed afterwards; another note corrects one."""
    hold_open(case)
    note = Note.objects.create(case=case, text=text, author=by, author_name=by.name or by.username)
    case.save(update_fields=["changed_at"])
    record_in_case(Action.NOTE_WRITE, "wrote a note", by=by, case=case, labels={"note": str(note.pk)})
    return note
