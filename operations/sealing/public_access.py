"""Opens the log's hashes to readers without an account or a key, and closes them again; both are on record."""

from django.db import transaction

from accounts.models import User
from core.audit import record
from operations.audit import OperationsAction
from operations.models import LogOpening


def find_last_switch() -> LogOpening | None:
    """How it was switched last, by whom and when; None where nobody ever did."""
    return LogOpening.objects.order_by("-pk").first()


def is_open() -> bool:
    """Whether anybody may read the checkpoint and the tiles: as it was switched last, and not before anybody did."""
    last = find_last_switch()
    return last is not None and last.is_open


@transaction.atomic
def switch(*, to_open: bool, by: User) -> LogOpening | None:
    """Let everybody read the log's hashes, or nobody without an account or a key. None where it is so already.

    Raises TrailUnavailable or WriteRefused: then nothing is switched.
    """
    if is_open() == to_open:
        return None
    opening = LogOpening.objects.create(is_open=to_open, by_name=by.username)
    record(OperationsAction.LOG_OPEN if to_open else OperationsAction.LOG_CLOSE, by=by, resource=("log", "hashes"))
    return opening
