"""Bounds what one person may have under way and kept as exports, and takes away files whose time is over."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Sum
from django.template.defaultfilters import filesizeformat

from accounts.models import User
from core.errors import Refused
from investigations.exports.files import build_path
from investigations.models import Export


def expect_room(by: User) -> None:
    """Raises Refused where the person has as many exports under way, or as many bytes kept, as one may."""
    own = Export.objects.filter(started_by=by)
    under_way = own.filter(state__in=(Export.State.QUEUED, Export.State.RUNNING)).count()
    if under_way >= settings.EXPORTS_UNDER_WAY:
        raise Refused(f"{under_way} exports of yours are under way, as many as may be: wait for one, or cancel one.")
    size = own.filter(state=Export.State.FINISHED, removed_at=None).aggregate(bytes=Sum("size"))["bytes"] or 0
    if size >= settings.EXPORTS_KEPT_BYTES:
        raise Refused(
            f"Your exports take {filesizeformat(size)}, more than the {filesizeformat(settings.EXPORTS_KEPT_BYTES)} that one "
            f"person may keep: delete a file that you have fetched; each goes {settings.EXPORT_DAYS} days after it was made."
        )


def remove_expired(now: datetime) -> int:
    """Delete the files that were finished EXPORT_DAYS before `now`; how many. The rows stay, with name, size and digest."""
    ended = now - timedelta(days=settings.EXPORT_DAYS)
    expired = Export.objects.filter(state=Export.State.FINISHED, removed_at=None, ended_at__lt=ended)
    number = 0
    for export in expired.iterator():
        remove_file(export, now)
        number += 1
    return number


def remove_file(export: Export, now: datetime) -> None:
    """Delete the file of an export; that it is gone is noted first, so that nobody is offered what is not there."""
    Export.objects.filter(pk=export.pk, removed_at=None).update(removed_at=now)
    build_path(export).unlink(missing_ok=True)
