"""Watches that the trail is verified: that no verification has ended for VERIFY_SILENT_AFTER_HOURS is an incident."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from core.pauses import WATCH
from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import Checkpoint
from operations.sealing.folder import LogDirectory
from operations.sealing.intervals import VERIFIED_EVERY
from operations.sealing.verification_progress import read_last_end

SUBJECT = "verification is late"


def watch_verification() -> None:
    """Look when a verification ended last: by the signed note, since a row is written by whoever has the database.

    After a pause the schedule has three turns to make up for it. Raises LogDamaged.
    """
    hours = settings.VERIFY_SILENT_AFTER_HOURS
    log = LogDirectory()
    if not hours or log.note() is None or WATCH.measure_awake() < 3 * VERIFIED_EVERY.total_seconds():
        return
    ended = read_last_end(log)
    since = ended or _find_first_seal()
    if since is not None and timezone.now() - since > timedelta(hours=hours):
        last = f"the last one ended at {ended:%Y-%m-%d %H:%M:%S} UTC" if ended else "none ever ended"
        what = f"No verification of the trail has ended for {hours} hours: {last}. See that the worker runs."
        incidents.record_failure(IncidentKind.CHECK, SUBJECT, what)
    else:
        incidents.record_recovery(IncidentKind.CHECK, SUBJECT, "The trail is verified again.")


def _find_first_seal() -> datetime | None:
    first = Checkpoint.objects.order_by("pk").first()
    return first.at if first else None
