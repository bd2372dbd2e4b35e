"""The only doors: to a case, a run, an export, an event. A stranger gets 404, a reader who would write 403."""

from django.core.exceptions import PermissionDenied
from django.http import Http404

from accounts.journal import trail
from accounts.models import User
from accounts.roles import may_investigate, sees_every_case
from investigations.models import Case, Export, Membership, Run
from trail.search import execute
from trail.search.execute import Hit
from trail.search.spec import Scope


def case_for(user: User, public_id: str) -> Case:
    """The case, if this person may know of it; else 404, as for a case that does not exist."""
    found = Case.objects.visible_to(user).filter(public_id=public_id).first()
    if found is None:
        raise Http404("There is no such case.")
    return found


def writable_case_for(user: User, public_id: str) -> Case:
    """The case, if this person may change it. 404 for strangers, 403 for readers; services refuse a closed one."""
    case = case_for(user, public_id)
    if not may_write(user, case):
        raise PermissionDenied("You may read this case and not change it.")
    return case


def led_case_for(user: User, public_id: str) -> Case:
    """The case, open or closed, if this person leads it: members, closing and reopening are a lead's."""
    case = case_for(user, public_id)
    if not may_lead(user, case):
        raise PermissionDenied("Only who leads this case may do that.")
    return case


def may_write(user: User, case: Case) -> bool:
    """Whether the person's role and place in the case let them write to it."""
    if not may_investigate(user):
        return False
    membership = case.membership_of(user)
    return sees_every_case(user) or (membership is not None and membership.level in Membership.WRITERS)


def may_lead(user: User, case: Case) -> bool:
    if not may_investigate(user):
        return False
    membership = case.membership_of(user)
    return sees_every_case(user) or (membership is not None and membership.level == Membership.Level.LEAD)


def run_for(user: User, public_id: str) -> Run:
    """A run: its starter's, and through its case that of everybody who sees the case."""
    run = Run.objects.select_related("case", "version__query").filter(public_id=public_id).first()
    if run is None or not _may_see(user, run):
        raise Http404("There is no such run.")
    return run


def export_for(user: User, public_id: str) -> Export:
    """An export: its starter's, and through its case that of everybody who sees the case."""
    export = Export.objects.select_related("case", "run").filter(public_id=public_id).first()
    if export is None or not _may_see(user, export):
        raise Http404("There is no such export.")
    return export


def may_stop(user: User, job: Run | Export) -> bool:
    """Whether the person may stop it: who started it, and who may write to its case."""
    if not may_investigate(user):
        return False
    return job.started_by_id == user.pk or (job.case is not None and may_write(user, job.case))


def _may_see(user: User, job: Run | Export) -> bool:
    # Whoever has left a case no longer sees what they did in it: the case decides, not who started the job.
    if job.case_id is not None:
        return Case.objects.visible_to(user).filter(pk=job.case_id).exists()
    return job.started_by_id == user.pk


def event_for(user: User, event_id: str) -> Hit:
    """The event as the trail holds it, if this person may find it. Raises TrailUnavailable."""
    found = execute.event(trail(), event_id, scope_of(user))
    if found is None:
        raise Http404("The trail shows no such event.")
    return found


def scope_of(user: User) -> Scope:
    """What of the console's own events this person may find in the trail."""
    if sees_every_case(user):
        return Scope(user_id=user.username, everything=True)
    cases = Case.objects.visible_to(user).values_list("public_id", flat=True)
    return Scope(user_id=user.username, cases=tuple(cases))


def scope_of_run(run: Run) -> Scope:
    """What a run may find: in a case only what everybody of the case may, so that all of them read the same result."""
    return scope_of(run.started_by) if run.case is None else Scope(user_id="", cases=(run.case.public_id,))
