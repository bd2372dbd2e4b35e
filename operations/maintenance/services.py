"""Finishes months that are over, takes snapshots and checks the trail; a failure is an incident until it is over."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from core.connection import trail
from core.pauses import WATCH
from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import Checkpoint
from operations.sealing.intervals import SILENT_AFTER, is_keeper_silent
from trail.errors import TrailError
from trail.maintenance import months, snapshots
from trail.maintenance.checks.check import CheckContext, CheckFinding, CheckState, Unchecked
from trail.maintenance.checks.run import CHECKS, run_checks
from trail.maintenance.snapshots import Repository, Snapshot

log = logging.getLogger(__name__)
RECENT = timedelta(hours=25)  # what the hourly check reads of single events
SEALING = "sealing"
MONTHS, SNAPSHOT = "months", "snapshot"  # subjects of incidents


def finish_months(report: Callable[[str], None] = log.info) -> None:
    """Bring every month that is due further towards one closed segment. Never raises for the engine's sake."""
    try:
        for sentence in months.finish_months(trail(), timezone.now(), timedelta(days=settings.TRAIL_FINISH_AFTER_DAYS)):
            report(sentence)
    except TrailError as error:
        if incidents.is_trail_outage(error):
            incidents.record_trail_outage(error, writer="months", events=0)
        else:
            what = f"A month that is over could not be finished: {error}"
            incidents.record_failure(IncidentKind.CHECK, MONTHS, what)
    else:
        incidents.record_recovery(IncidentKind.CHECK, MONTHS, "Every month that is due is finished or being merged.")


def get_repository() -> Repository:
    """Where this console's snapshots go."""
    return Repository(
        settings.TRAIL_SNAPSHOT_REPOSITORY, settings.TRAIL_SNAPSHOT_TYPE, dict(settings.TRAIL_SNAPSHOT_SETTINGS)
    )


def take_snapshot(report: Callable[[int, int], None] = lambda done, all_: None) -> Snapshot:
    """Take a snapshot of the trail. One that fails is an incident, and is raised: SnapshotFailed, TrailUnavailable."""
    try:
        snapshots.register_repository(trail(), get_repository())
        snapshot = snapshots.take_snapshot(trail(), get_repository().name, timezone.now(), report=report)
    except TrailError as error:
        incidents.record_failure(IncidentKind.SNAPSHOT, SNAPSHOT, str(error))
        raise
    incidents.record_recovery(IncidentKind.SNAPSHOT, SNAPSHOT, f"The snapshot {snapshot.name} is whole.")
    return snapshot


def run_checks_of_trail(*, whole: bool = False) -> Iterator[CheckFinding]:
    """Every check of the trail. `whole` reads the id of every event ever taken, not only of the last day's."""
    now = timezone.now()
    yield from run_checks(build_context(now, since=None if whole else now - RECENT))
    yield _check_sealing(now)


def build_context(now: datetime, *, since: datetime | None = None) -> CheckContext:
    """What the checks of this console's trail go by."""
    return CheckContext(
        trail(),
        now,
        finish_after=timedelta(days=settings.TRAIL_FINISH_AFTER_DAYS),
        repository=settings.TRAIL_SNAPSHOT_REPOSITORY,
        snapshot_age=timedelta(hours=settings.TRAIL_SNAPSHOT_MAX_AGE_HOURS),
        silent_after=timedelta(hours=settings.TRAIL_SILENT_AFTER_HOURS),
        since=since,
    )


def _check_sealing(now: datetime) -> CheckFinding:
    """A checkpoint is signed every minute at least, though nothing arrives."""
    newest = Checkpoint.objects.first()
    if newest is None:
        return CheckFinding(
            SEALING, CheckState.NOTE, "Nothing is sealed yet.", "Run manage.py keep_trail, which goes on for ever."
        )
    sealed = f"{newest.size:,} events are sealed, up to {newest.at:%Y-%m-%d %H:%M:%S} UTC"
    if is_keeper_silent(newest.at, now) and WATCH.measure_awake() > SILENT_AFTER.total_seconds():
        return CheckFinding(
            SEALING, CheckState.WRONG, f"{sealed}, and none since.", "See that manage.py keep_trail runs."
        )
    return CheckFinding(SEALING, CheckState.FINE, f"{sealed}.")


def check_trail() -> None:
    """Check the trail; each check that finds something wrong is an incident until it finds nothing."""
    record_findings((*CHECKS, SEALING), run_checks_of_trail())


def record_findings(names: Collection[str], findings: Iterable[CheckFinding]) -> None:
    """Open an incident for each of these checks that found something wrong, or go on with it; end that of each other.

    What an outage kept from being checked is neither: the outage is the incident.
    """
    wrong: dict[str, list[CheckFinding]] = {name: [] for name in names}
    for finding in findings:
        if isinstance(finding, Unchecked) and finding.error and incidents.is_trail_outage(finding.error):
            incidents.record_trail_outage(finding.error, writer="checks", events=0)
            wrong.pop(finding.check, None)
        elif finding.state in (CheckState.WRONG, CheckState.UNKNOWN):
            wrong.setdefault(finding.check, []).append(finding)
    for name, failing in wrong.items():
        if failing:
            others = f" And {len(failing) - 1} more: run manage.py check_trail." if len(failing) > 1 else ""
            incidents.record_failure(_kind(name), name_subject(name), f"{failing[0].what} {failing[0].todo}{others}")
        else:
            incidents.record_recovery(_kind(name), name_subject(name), CHECKS[name][1] if name in CHECKS else "")


def _kind(name: str) -> IncidentKind:
    return IncidentKind.SNAPSHOT if name == "snapshots" else IncidentKind.CHECK


def name_subject(name: str) -> str:
    """The subject of a check's incident."""
    return f"check: {name}"
