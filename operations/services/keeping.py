"""Keep the trail: finish months that are over, take snapshots. What fails is an incident until it does not fail any more."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts.journal import trail
from operations.services import incidents
from operations.services.incidents import Kind
from trail import months, snapshots
from trail.errors import TrailError
from trail.snapshots import Repository, Snapshot

log = logging.getLogger(__name__)
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
