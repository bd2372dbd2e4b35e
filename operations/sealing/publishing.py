"""Every checkpoint that is kept as a row goes to where the cluster's admin cannot rewrite it, in order, none left out."""

from pathlib import Path

from django.conf import settings
from django.utils import timezone

from operations.models import Checkpoint, Publication
from trail.integrity.publish import FolderPublisher, Publisher

AT_ONCE = 500  # checkpoints in one go; the next goes on


def publishers() -> dict[str, Publisher]:
    """Where checkpoints go, by a name that stays: so far, the folder in CHECKPOINTS_TO."""
    folder = settings.CHECKPOINTS_TO
    return {f"folder {folder}": FolderPublisher(Path(folder))} if folder else {}


def publish_checkpoints() -> int:
    """Publish what is not published yet; how many that were. Raises NotPublished: the next time goes on from there."""
    return sum(_publish(target, publisher) for target, publisher in publishers().items())


def _publish(target: str, publisher: Publisher) -> int:
    known = Publication.objects.filter(target=target).first()
    waiting = Checkpoint.objects.filter(pk__gt=known.last_id if known else 0).order_by("pk")[:AT_ONCE]
    count = 0
    for checkpoint in waiting:
        publisher.publish(checkpoint.note.encode(), checkpoint.size)
        Publication.objects.update_or_create(target=target, defaults={"last": checkpoint, "at": timezone.now()})
        count += 1
    return count
