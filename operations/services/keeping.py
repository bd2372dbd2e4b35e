"""Keep the trail: finish months that are over, take snapshots. What fails is an incident until it does not fail any more."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.journal import trail
from operations.models import Checkpoint
from operations.services import incidents
from operations.services.incidents import Kind
from trail import months, snapshots
from trail.check.finding import Asked, Finding, State
from trail.check.run import CHECKS, check
from trail.errors import TrailError
from trail.snapshots import Repository, Snapshot

log = logging.getLogger(__name__)
RECENT = timedelta(hours=25)  # what the hourly check reads of single events
SEALING, LONGEST_SILENCE = "sealing", timedelta(minutes=5)
MONTHS, SNAPSHOT = "months", "snapshot"  # subjects of incidents


def finish_months(said: Callable[[str], None] = log.info) -> None:
    """Bring every month that is due further towards one closed segment. Never raises for the engine's sake."""
    try:
        for sentence in months.finish(trail(), timezone.now(), timedelta(days=settings.TRAIL_FINISH_AFTER_DAYS)):
            said(sentence)
    except TrailError as error:
        incidents.failed(Kind.CHECK, MONTHS, f"A month that is over could not be finished: {error}")
    else:
        incidents.over(Kind.CHECK, MONTHS, "Every month that is due is finished or being merged.")


def repository() -> Repository:
    """Where this console's snapshots go."""
    return Repository(
        settings.TRAIL_SNAPSHOT_REPOSITORY, settings.TRAIL_SNAPSHOT_TYPE, dict(settings.TRAIL_SNAPSHOT_SETTINGS)
    )


def take_snapshot(said: Callable[[int, int], None] = lambda done, all_: None) -> Snapshot:
    """Take a snapshot of the trail. One that fails is an incident, and is raised: SnapshotFailed, TrailUnavailable."""
    try:
        snapshots.register(trail(), repository())
        taken = snapshots.take(trail(), repository().name, timezone.now(), said=said)
    except TrailError as error:
        incidents.failed(Kind.SNAPSHOT, SNAPSHOT, str(error))
        raise
    incidents.over(Kind.SNAPSHOT, SNAPSHOT, f"The snapshot {taken.name} is whole.")
    return taken


def findings(*, whole: bool = False) -> Iterator[Finding]:
    """Every check of the trail. `whole` reads the id of every event ever taken, not only of the last day's."""
    now = timezone.now()
    yield from check(
        Asked(
            trail(), now,
            finish_after=timedelta(days=settings.TRAIL_FINISH_AFTER_DAYS),
            repository=settings.TRAIL_SNAPSHOT_REPOSITORY,
            snapshot_age=timedelta(hours=settings.TRAIL_SNAPSHOT_MAX_AGE_HOURS),
            silent_after=timedelta(hours=settings.TRAIL_SILENT_AFTER_HOURS),
            since=None if whole else now - RECENT,
        )
    )  # fmt: skip
    yield _sealed(now)


def _sealed(now: datetime) -> Finding:
    """A checkpoint is signed every minute at least, though nothing arrives."""
    newest = Checkpoint.objects.first()
    if newest is None:
        return Finding(
            SEALING, State.NOTE, "Nothing is sealed yet.", "Run manage.py keep_trail, which goes on for ever."
        )
    told = f"{newest.size:,} events are sealed, up to {newest.at:%Y-%m-%d %H:%M:%S} UTC"
    if now - newest.at > LONGEST_SILENCE:
        return Finding(SEALING, State.WRONG, f"{told}, and none since.", "See that manage.py keep_trail runs.")
    return Finding(SEALING, State.FINE, f"{told}.")


def check_trail() -> None:
    """Check the trail; each check that finds something wrong is an incident until it finds nothing."""
    wrong: dict[str, list[Finding]] = {name: [] for name in (*CHECKS, SEALING)}
    for finding in findings():
        if finding.state in (State.WRONG, State.UNKNOWN):
            wrong[finding.check].append(finding)
    for name, found in wrong.items():
        if found:
            more = f" And {len(found) - 1} more: run manage.py check_trail." if len(found) > 1 else ""
            incidents.failed(_kind(name), _subject(name), f"{found[0].what} {found[0].todo}{more}")
        else:
            incidents.over(_kind(name), _subject(name), CHECKS[name][1] if name in CHECKS else "")


def _kind(name: str) -> Kind:
    return Kind.SNAPSHOT if name == "snapshots" else Kind.CHECK


def _subject(name: str) -> str:
    return f"check: {name}"
