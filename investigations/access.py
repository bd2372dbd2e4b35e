"""Gives out cases, jobs and events to those who may see them: a stranger gets 404, a reader who would write 403."""

from collections.abc import Sequence

from django.core.exceptions import PermissionDenied
from django.http import Http404

from accounts.models import User
from accounts.roles import may_investigate, sees_every_case
from core import request_context
from core.connection import trail
from investigations.models import Case, Export, Membership, PinBatch, Run
from trail.search import execute
from trail.search.execute import Hit
from trail.search.spec import Scope


def get_case(user: User, public_id: str) -> Case:
    """The case, if this person may know of it; else 404, as for a case that does not exist."""
    request_context.set_subject("case", public_id)
    case = find_case(user, public_id)
    if case is None:
        raise Http404("There is no such case.")
    return case


def get_case_by_number(user: User, number: str) -> Case:
    """The case of this number, if this person may know of it; else 404, as for a number that no case has."""
    case = Case.objects.visible_to(user).with_origin().filter(number=number).first()
    if case is None:
        raise Http404("There is no such case.")
    request_context.set_subject("case", case.public_id)
    return case


def find_case(user: User, public_id: str) -> Case | None:
    """The case, if this person may know of it; None for a stranger, as for a case that does not exist."""
    return Case.objects.visible_to(user).filter(public_id=public_id).select_related("assignee", "template").first()


def get_writable_case(user: User, public_id: str) -> Case:
    """The case, if this person may change it. 404 for strangers, 403 for readers; services refuse a closed one."""
    case = get_case(user, public_id)
    if not may_write(user, case):
        raise PermissionDenied("You may read this case and not change it.")
    return case


def get_led_case(user: User, public_id: str) -> Case:
    """The case, open or closed, if this person leads it: members, closing and reopening are a lead's."""
    case = get_case(user, public_id)
    if not may_lead(user, case):
        raise PermissionDenied("Only who leads this case may do that.")
    return case


def may_write(user: User, case: Case) -> bool:
    """Whether the person's role and place in the case let them write to it."""
    return _may(user, case, Membership.WRITERS)


def may_lead(user: User, case: Case) -> bool:
    """Whether the person's role and place in the case let them choose its people, close it and reopen it."""
    return _may(user, case, (Membership.Level.LEAD,))


def _may(user: User, case: Case, levels: Sequence[str]) -> bool:
    """Whether they investigate, and are in the case at one of these levels or lead every case that is not restricted."""
    if not may_investigate(user):
        return False
    membership = case.membership_of(user)
    if sees_every_case(user) and not case.is_restricted:
        return True
    return membership is not None and membership.level in levels


def get_run(user: User, public_id: str) -> Run:
    """A run: its starter's, and through its case that of everybody who sees the case."""
    run = Run.objects.select_related("case", "version__query").filter(public_id=public_id).first()
    request_context.set_subject("run", public_id)
    if run is None or not may_see(user, run):
        raise Http404("There is no such run.")
    _set_case(run)
    return run


def get_export(user: User, public_id: str) -> Export:
    """An export: its starter's, and through its case that of everybody who sees the case."""
    export = Export.objects.select_related("case", "run", "redaction").filter(public_id=public_id).first()
    request_context.set_subject("export", public_id)
    if export is None or not may_see(user, export):
        raise Http404("There is no such export.")
    _set_case(export)
    return export


def get_pin_batch(user: User, public_id: str) -> PinBatch:
    """A pin batch: that of everybody who sees its case."""
    batch = PinBatch.objects.select_related("case", "run", "hypothesis").filter(public_id=public_id).first()
    request_context.set_subject("pin batch", public_id)
    if batch is None or not may_see(user, batch):
        raise Http404("There is no such pin batch.")
    _set_case(batch)
    return batch


def may_stop(user: User, job: Run | Export | PinBatch) -> bool:
    """Whether the person may stop it: who started it, and who may write to its case."""
    if not may_investigate(user):
        return False
    return job.started_by_id == user.pk or (job.case is not None and may_write(user, job.case))


def may_see(user: User, job: Run | Export | PinBatch) -> bool:
    """Whether a person may know of a job: through its case, or as who started it where it has none."""
    # Whoever has left a case no longer sees what they did in it: the case decides, not who started the job.
    if job.case_id is not None:
        return Case.objects.visible_to(user).filter(pk=job.case_id).exists()
    return job.started_by_id == user.pk


def _set_case(job: Run | Export | PinBatch) -> None:
    """What is looked at in a case is on record as the case's, which those of the case alone may find."""
    if job.case is not None:
        request_context.set_subject("case", job.case.public_id)


def get_event(user: User, event_id: str) -> Hit:
    """The event as the trail holds it, if this person may find it. Raises TrailUnavailable."""
    return get_events(user, event_id)[0]


def get_events(user: User, event_id: str, index: str = "") -> list[Hit]:
    """The same, the one in `index` where that is named, and after it every other event that has its id: there should be none."""
    hits = execute.find_twins(trail(), event_id, build_scope(user))
    hits.sort(key=lambda hit: hit.index != index)
    if not hits or index not in ("", hits[0].index):
        raise Http404("The trail shows no such event.")
    return hits


def build_scope(user: User) -> Scope:
    """What of the console's own events this person may find in the trail."""
    if sees_every_case(user):
        hidden = Case.objects.hidden_from(user).order_by("pk").values_list("public_id", flat=True)
        return Scope(user_id=user.username, everything=True, hidden_cases=tuple(hidden))
    cases = Case.objects.visible_to(user).values_list("public_id", flat=True)
    return Scope(user_id=user.username, cases=tuple(cases))


def build_run_scope(run: Run) -> Scope:
    """What a run may find: in a case only what everybody of the case may, so that all of them read the same result."""
    return build_scope(run.started_by) if run.case is None else Scope(user_id="", cases=(run.case.public_id,))
