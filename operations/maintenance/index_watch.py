"""Watches what the trail's indices are set to, so that a change of it is an incident within a minute."""

from django.utils import timezone

from operations.maintenance import services
from operations.models import Incident
from trail.maintenance.checks.run import FIELD_OPTIONS, UNREADABLE, WATCHED, run_checks
from trail.mapping import read_installed_version


def read_doubt() -> str:
    """Why events may not be found by a field: one was changed, and nobody has resolved the incident. Empty where none was.

    Putting the field right ends the incident and not the doubt: what came meanwhile is not found by the field.
    """
    incidents = Incident.objects.filter(
        kind=Incident.Kind.CHECK, subject=services.name_subject(FIELD_OPTIONS), resolved_at=None
    ).exclude(latest__startswith=UNREADABLE)
    what = incidents.values_list("latest", flat=True).first()
    return f"{what.partition('. ')[0]}; see the incident, and resolve it when what came since is known" if what else ""


def watch_indices() -> None:
    """Look at the settings, aliases, fields and template of every month; each check that finds something is an incident.

    It costs three requests whatever the number of months, and one for all mappings that are new or changed. Raises
    TrailUnavailable where the engine does not answer, which is another incident than these.
    """
    context = services.build_context(timezone.now())
    if not context.read_index_states() and read_installed_version(context.trail) is None:
        return  # nothing was installed yet; where there were events, the sealer says that they are gone
    services.record_findings(WATCHED, run_checks(context, WATCHED))
