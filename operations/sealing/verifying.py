"""Compare the trail with the log: quickly where it is what was sealed, and by the events' ids where it is not."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from random import SystemRandom
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.journal import trail
from operations.models import Checkpoint as Row
from operations.models import Verification
from operations.sealing import keys
from operations.sealing.errors import LogDamaged
from operations.sealing.log import Log
from operations.sealing.naming import Names, finding, sentence
from operations.sealing.spans import Atlas
from operations.services import incidents
from operations.services.incidents import Kind
from trail import comparing
from trail.comparing import LEAVES, Sealed
from trail.integrity import audit, publish
from trail.integrity.audit import Tampered
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.tiles import WIDTH, TileMissing, Tree
from trail.integrity.verdict import Broken, Intact, Verdict

SUBJECT = "verification"  # of the incident
Ranges = list[list[int]]


def alone(log: Log) -> AbstractContextManager[None]:
    """While nobody else compares. Raises LogBusy."""
    return log.alone("verifying", "The trail is being verified already; wait until that has ended.")


def trusted(log: Log) -> Checkpoint:
    """The largest checkpoint whose signature holds, of the folder and of the rows. Raises LogDamaged."""
    last = Row.objects.order_by("size", "pk").last()
    notes = [log.note(), last.note.encode() if last else None]
    found = [one for message in notes if message and isinstance(one := keys.opened(message), Checkpoint)]
    if not found:
        raise LogDamaged("There is no checkpoint of this log to compare with: manage.py keep_trail makes the first.")
    return max(found, key=lambda one: one.size)


def follows(message: bytes, log: Log | None = None) -> Verdict:
    """Whether the log as it is now goes on from a checkpoint that was kept somewhere. Raises LogDamaged."""
    kept = keys.opened(message)
    if isinstance(kept, Broken):
        return kept
    log = log or Log()
    return _is_of(log.tree(trusted(log).size), kept.size, kept.root)


def _is_of(tree: Tree, size: int, root: bytes) -> Verdict:
    try:
        found = tree.root_at(size)
    except ValueError:
        return Broken(f"the log has {tree.size:,} events, and had {size:,} then")
    except TileMissing as error:
        return Broken(f"the log cannot say what it was then: {error}")
    return Intact() if found == root else Broken(f"the first {size:,} events of the log are not those of then")


def whole(log: Log, since: int = 0) -> Ranges:
    return [[min(since, size), size]] if (size := trusted(log).size) else []


def sample(log: Log, count: int) -> Ranges:
    """Tiles drawn by chance, each with its 256 events, for about so many events."""
    size = trusted(log).size
    tiles = range((size + WIDTH - 1) // WIDTH)
    drawn = sorted(SystemRandom().sample(tiles, min(len(tiles), (count + WIDTH - 1) // WIDTH)))
    return [[tile * WIDTH, min((tile + 1) * WIDTH, size)] for tile in drawn]


def begin(log: Log, kind: str, ranges: Ranges, *, resume: bool = True) -> Verification:
    """A comparison with the newest checkpoint, or the one like it that was cut short. Raises LogDamaged."""
    signed = trusted(log)
    cut_short = Verification.objects.filter(kind=kind, finished_at=None).first() if resume else None
    if cut_short and [one[0] for one in cut_short.ranges] == [one[0] for one in ranges]:
        return cut_short
    return Verification.objects.create(kind=kind, size=signed.size, root=signed.root.hex(), ranges=ranges)


def run(
    log: Log, one: Verification, *, processes: int = 1, said: Callable[[int], object] = lambda events: None
) -> Verification:
    """Compare what is left to compare; `said` is told of events as they are done. A finding is an incident.

    Raises TrailUnavailable and LogDamaged; what is done stays done.
    """
    atlas = Atlas(trail())
    sealed = Sealed(log.folder, one.size)
    chunks = (atlas.chunk(*bounds) for bounds in islice(_bounds(one.ranges), one.done, None))
    for chunk, differs in comparing.differing(
        atlas.trail, settings.OPENSEARCH_URL, sealed, chunks, processes=processes
    ):
        if differs:
            one.differing.append([chunk.start, chunk.end])
        one.done += 1
        one.events += chunk.end - chunk.start
        one.save(update_fields=["done", "events", "differing"])
        said(chunk.end - chunk.start)
    one.findings = [*_of_the_tree(log, sealed.tree(), one), *_of_events(log, atlas, sealed, one)]
    one.finished_at = timezone.now()
    one.save()
    if one.findings:
        what = f"The trail is not what was sealed: {'; '.join(map(sentence, one.findings[:3]))}."
        incidents.failed(Kind.TAMPERED, SUBJECT, what, events=sum(found["count"] for found in one.findings))
    return one


def leaves(ranges: Ranges) -> int:
    return sum(end - start for start, end in ranges)


def _bounds(ranges: Ranges) -> Iterator[tuple[int, int]]:
    """Chunks that end with a tile of the second level, or where a range does."""
    for start, end in ranges:
        while start < end:
            stop = min(end, (start // LEAVES + 1) * LEAVES)
            yield start, stop
            start = stop


def _of_the_tree(log: Log, tree: Tree, one: Verification) -> Iterator[dict[str, Any]]:
    """What is wrong with the log itself: its checkpoint, its upper tiles, and the checkpoints that it does not go on from."""
    message = log.note()
    now = keys.opened(message) if message else Broken("it is missing")
    if isinstance(now, Broken):
        yield finding("checkpoint", f"the checkpoint in the log's folder cannot be used: {now.reason}")
    elif now.size < one.size:
        yield finding("checkpoint", f"the log was rolled back to {now.size:,} events")
    for loose in audit.unproved_above(tree, one.size, bytes.fromhex(one.root)):
        yield finding("unproved", str(loose), leaf=loose.index, count=loose.count)
    first = min((start for start, _ in one.ranges), default=0)
    kept = Row.objects.filter(size__gte=first, size__lte=one.size).order_by("size").values_list("size", "root")
    for size, root in kept.distinct().iterator():
        verdict = _is_of(tree, size, bytes.fromhex(root))
        if isinstance(verdict, Broken):
            yield finding("checkpoint", f"a checkpoint of {size:,} events does not fit: {verdict.reason}")
    if settings.CHECKPOINTS_TO:
        yield from _of_those_elsewhere(tree, Path(settings.CHECKPOINTS_TO))


def _of_those_elsewhere(tree: Tree, folder: Path) -> Iterator[dict[str, Any]]:
    """The last checkpoint that was published is of this log: it leads back to all before, and our rows cannot hide it."""
    try:
        message = publish.newest(folder)
    except OSError as error:
        raise LogDamaged(f"The checkpoints published in {folder} cannot be read: {error}.") from error
    if message is None:
        return
    kept = keys.opened(message)
    verdict = _is_of(tree, kept.size, kept.root) if isinstance(kept, Checkpoint) else kept
    if isinstance(verdict, Broken):
        yield finding("checkpoint", f"the last checkpoint in {folder} does not fit: {verdict.reason}")


def _of_events(log: Log, atlas: Atlas, sealed: Sealed, one: Verification) -> Iterator[dict[str, Any]]:
    """What became of events in the chunks that differ, and of any that stand among sealed ones and are no leaf."""
    names = Names()
    for region in comparing.joined(atlas.chunk(start, end) for start, end in one.differing):
        verdict = comparing.compare(atlas.trail, sealed, region)
        if isinstance(verdict, Tampered):  # else it was put right meanwhile
            names.take(log, atlas.trail, sealed, region, verdict)
    for event in atlas.unsealed():
        names.add(event)
    yield from names.findings()
