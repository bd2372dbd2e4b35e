"""Publishes every kept checkpoint, in order and none left out, to where the cluster's admin cannot rewrite it.

What contradicts anything that was published before is refused and is an incident (operations.sealing.published_history).
"""

from pathlib import Path

from django.conf import settings
from django.utils import timezone

from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import Checkpoint, Publication
from operations.sealing.folder import LogDirectory
from operations.sealing.published_history import PublishedHistory
from trail.errors import TrailError
from trail.integrity.other_console import ConsolePublisher
from trail.integrity.publish import FolderPublisher, NotPublished, PublishedUnreadable, Publisher

AT_ONCE = 500  # checkpoints in one go; the next goes on
SUBJECT = "published checkpoints"  # of the incident


def list_publishers() -> dict[str, Publisher]:
    """Where checkpoints go, by a name that stays: what CHECKPOINTS_TO names, with commas between."""
    targets = (target.strip() for target in settings.CHECKPOINTS_TO.split(","))
    return {_name_target(target): build_publisher(target) for target in targets if target}


def build_publisher(target: str) -> Publisher:
    """The publisher to a bucket (s3://…), to another console (https://…) or to a folder. Raises PublishedUnreadable."""
    if target.startswith("s3://"):
        from trail.integrity.s3_bucket import S3Publisher  # it takes a while to load, and is seldom needed

        try:
            return S3Publisher(target, days=settings.CHECKPOINTS_DAYS, endpoint=settings.CHECKPOINTS_S3_ENDPOINT)
        except ValueError as error:
            raise PublishedUnreadable(f"Checkpoints cannot be read there: {error}.") from error
    if target.startswith(("https://", "http://")):
        return ConsolePublisher(target, write_key=settings.CHECKPOINTS_KEY, read_key=settings.CHECKPOINTS_READ_KEY)
    return FolderPublisher(Path(target))


def _name_target(target: str) -> str:
    kind = "bucket" if target.startswith("s3://") else "console" if "://" in target else "folder"
    return f"{kind} {target}"


def publish_checkpoints() -> int:
    """Publish what is not published yet; how many that were. The next time goes on from there.

    What contradicts what a target holds is not published, and is an incident until it fits. Raises NotPublished,
    PublishedUnreadable, LogDamaged.
    """
    log = LogDirectory()
    if log.note() is None:
        return 0
    count, contradictions = 0, []
    failures: list[TrailError] = []
    for target, publisher in list_publishers().items():
        try:
            published, refused = _publish(log, target, publisher)
        except (NotPublished, PublishedUnreadable) as failure:
            failures.append(failure)  # which holds up no other target
            continue
        count += published
        contradictions += refused
    if contradictions:
        record_contradictions(contradictions)
    elif not failures:
        incidents.record_recovery(IncidentKind.TAMPERED, SUBJECT, "The log goes on from all that was published.")
    if len(failures) > 1:
        raise NotPublished(" ".join(map(str, failures))) from failures[0]
    if failures:
        raise failures[0]
    return count


def _publish(log: LogDirectory, target: str, publisher: Publisher) -> tuple[int, list[str]]:
    """How many were published into one target, and what contradicts it: then none."""
    history = PublishedHistory(log, target, publisher)
    contradictions, is_whole = history.compare_new()
    if contradictions or not is_whole:
        return 0, contradictions
    count = 0
    for checkpoint in _list_waiting(target, history.read_known().get("row")):
        message = checkpoint.note.encode()
        if contradiction := history.verify_note(message):
            return count, [contradiction]
        publisher.publish(message, checkpoint.size)
        Publication.objects.update_or_create(target=target, defaults={"last": checkpoint, "at": timezone.now()})
        history.keep_row(checkpoint.pk)
        count += 1
    return count, []


def _list_waiting(target: str, known: int | None) -> list[Checkpoint]:
    """What is to be published next. Of the row and of what is signed (`known`) that counts which says less."""
    publication = Publication.objects.filter(target=target).first()
    last = min([publication.last_id if publication else 0, *([known] if known is not None else [])])
    return list(Checkpoint.objects.filter(pk__gt=last).order_by("pk")[:AT_ONCE])


def record_contradictions(contradictions: list[str]) -> None:
    """Put on record that what was published is not of this log's history."""
    more = ", and others" if len(contradictions) > 1 else ""
    what = f"{contradictions[0][0].upper()}{contradictions[0][1:]}{more}. Keep the log's folder and what was published."
    incidents.record_failure(IncidentKind.TAMPERED, SUBJECT, what)


def find_contradictions_in(target: str) -> list[str]:
    """What of the checkpoints that were published into a folder, a bucket or another console the log does not go on from, as
    sentences; an incident too. Raises PublishedUnreadable, LogDamaged.
    """
    contradictions = PublishedHistory(LogDirectory(), target, build_publisher(target)).compare_all()
    if contradictions:
        record_contradictions(contradictions)
    return contradictions
