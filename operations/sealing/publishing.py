"""Every checkpoint that is kept as a row goes to where the cluster's admin cannot rewrite it, in order, none left out."""

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from operations.models import Checkpoint, Publication
from operations.sealing import verifying
from operations.sealing.log import Log
from operations.services import incidents
from operations.services.incidents import Kind
from trail.integrity import note
from trail.integrity.note import Note
from trail.integrity.publish import FolderPublisher, Publisher, published
from trail.integrity.verdict import Broken

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


def contradicted(folder: Path) -> Iterator[str]:
    """What of the checkpoints that were published into a folder the log does not go on from, as sentences; an incident too.

    Of those with one text the first is looked at: what differs is only when they were signed. Raises OSError, LogDamaged.
    """
    log, before = Log(), ""
    for message in published(folder):
        read = note.parse(message)
        text = read.text if isinstance(read, Note) else ""
        if text and text == before:
            continue
        before = text
        verdict = verifying.follows(message, log)
        if isinstance(verdict, Broken):
            what = f"A checkpoint published into {folder} is not of this log's history: {verdict.reason}"
            incidents.failed(Kind.TAMPERED, "published checkpoints", f"{what}.")
            yield what
