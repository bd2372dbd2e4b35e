"""Says how often the log is signed and compared, and after what time without a signature nobody keeps it."""

from datetime import datetime, timedelta

SIGNED_EVERY = timedelta(minutes=1)  # though nothing arrives
VERIFIED_EVERY = timedelta(minutes=10)  # by the schedule
SILENT_AFTER = 3 * SIGNED_EVERY  # one signature may be late on a busy machine; two that are missing are no accident


def is_keeper_silent(signed_at: datetime, now: datetime) -> bool:
    """Whether the keeper that signed a checkpoint last at `signed_at` should have signed another by now.

    The status page, the integrity page and the checks of the trail all go by this.
    """
    return now - signed_at > SILENT_AFTER
