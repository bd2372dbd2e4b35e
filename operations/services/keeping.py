"""Keep the trail: finish months that are over. What fails is an incident until it does not fail any more."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts.journal import trail
from operations.services import incidents
from operations.services.incidents import Kind
from trail import months
from trail.errors import TrailError

log = logging.getLogger(__name__)
MONTHS = "months"  # the subject of an incident


def finish_months(said: Callable[[str], None] = log.info) -> None:
    """Bring every month that is due further towards one closed segment. Never raises for the engine's sake."""
    try:
        for sentence in months.finish(trail(), timezone.now(), timedelta(days=settings.TRAIL_FINISH_AFTER_DAYS)):
            said(sentence)
    except TrailError as error:
        incidents.failed(Kind.CHECK, MONTHS, f"A month that is over could not be finished: {error}")
    else:
        incidents.over(Kind.CHECK, MONTHS, "Every month that is due is finished or being merged.")
