"""Compares the trail with the log: quickly where it is what was sealed, and by the events' ids where it is not."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from random import SystemRandom
from typing import Any

from django.conf import settings
from django.utils import timezone

from core.connection import read_credentials, trail
from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import Checkpoint as Row
from operations.models import Verification
from operations.sealing import row_check, signing_keys, witnesses
from operations.sealing import verification_progress as progress
from operations.sealing.errors import LogDamaged
from operations.sealing.findings import Names, describe_finding, make_finding
from operations.sealing.folder import LogDirectory
from operations.sealing.kept_checkpoints import read_trusted_checkpoint, verify_root
from operations.sealing.publication import list_publishers
from operations.sealing.published_history import PublishedHistory
from operations.sealing.ranges import Atlas
from trail import verification
from trail.integrity import leaf_comparison
from trail.integrity.leaf_comparison import Tampered
from trail.integrity.tiles import WIDTH, Tree
from trail.integrity.verdict import Broken
from trail.verification import LEAVES, SealedLog

SUBJECT, LOG_SUBJECT = "verification", "log to verify"  # of incidents: the trail is another, the log cannot be used
Ranges = list[list[int]]


def lock_verification(log: LogDirectory) -> AbstractContextManager[None]:
    """While nobody else compares. Raises LogBusy."""
    return log.alone("verifying", "The trail is being verified already; wait until that has ended.")


def choose_whole_log(log: LogDirectory, since: int = 0) -> Ranges:
    """All leaves from `since` on, as one range; none of an empty log. Raises LogDamaged."""
    return [[min(since, size), size]] if (size := read_trusted_checkpoint(log).size) else []


def choose_sample(log: LogDirectory, count: int) -> Ranges:
    """Tiles drawn by chance, each with its 256 events, for about so many events."""
    size = read_trusted_checkpoint(log).size
    tiles = range((size + WIDTH - 1) // WIDTH)
    drawn = sorted(SystemRandom().sample(tiles, min(len(tiles), (count + WIDTH - 1) // WIDTH)))
    return [[tile * WIDTH, min((tile + 1) * WIDTH, size)] for tile in drawn]


def begin_verification(log: LogDirectory, kind: str, ranges: Ranges, *, resume: bool = True) -> Verification:
    """A comparison with the newest checkpoint, or the one like it that was cut short. Raises LogDamaged."""
    signed = read_trusted_checkpoint(log)
    if resume and (cut_short := progress.find_resumable(log, kind, ranges)):
        return cut_short
    comparison = Verification.objects.create(kind=kind, size=signed.size, root=signed.root.hex(), ranges=ranges)
    if resume:
        progress.keep_begun(log, comparison)
    return comparison


def run_verification(
    log: LogDirectory,
    comparison: Verification,
    *,
    processes: int = 1,
    report: Callable[[int], object] = lambda events: None,
) -> Verification:
    """Compare what is left to compare; `report` is told of events as they are done. A finding is an incident.

    Raises TrailUnavailable and LogDamaged; what is done stays done.
    """
    atlas = Atlas(trail())
    sealed = SealedLog(log.folder, comparison.size)
    chunks = (atlas.chunk(*bounds) for bounds in islice(_split_ranges(comparison.ranges), comparison.done, None))
    for compared in verification.compare_chunks(
        atlas.trail, settings.OPENSEARCH_URL, sealed, chunks, processes=processes, credentials=read_credentials()
    ):
        chunk = compared.chunk
        if compared.differs or _digest_ids(log, chunk.start, chunk.end) != compared.ids:
            comparison.differing.append([chunk.start, chunk.end])
        comparison.done += 1
        comparison.events += chunk.end - chunk.start
        progress.keep_step(log, comparison)
        comparison.save(update_fields=["done", "events", "differing"])
        report(chunk.end - chunk.start)
    comparison.findings = [*_check_log(log, sealed.tree(), comparison), *_name_events(log, atlas, sealed, comparison)]
    comparison.finished_at = timezone.now()
    progress.keep_finished(log, comparison)
    comparison.save()
    incidents.record_recovery(IncidentKind.CHECK, SUBJECT)
    incidents.record_recovery(IncidentKind.TAMPERED, LOG_SUBJECT, "The trail can be compared with the log again.")
    if comparison.findings:
        what = f"The trail is not what was sealed: {'; '.join(map(describe_finding, comparison.findings[:3]))}."
        incidents.record_failure(
            IncidentKind.TAMPERED, SUBJECT, what, events=sum(finding["count"] for finding in comparison.findings)
        )
    return comparison


def _digest_ids(log: LogDirectory, start: int, end: int) -> bytes | None:
    """The digest of the ids that the log's own list has for these leaves; None where it lacks some."""
    try:
        return verification.digest_ids(log.ids(start, end))
    except LogDamaged:
        return None


def count_leaves(ranges: Ranges) -> int:
    """How many leaves some ranges hold together."""
    return sum(end - start for start, end in ranges)


def _split_ranges(ranges: Ranges) -> Iterator[tuple[int, int]]:
    """Chunks that end with a tile of the second level, or where a range does."""
    for start, end in ranges:
        while start < end:
            stop = min(end, (start // LEAVES + 1) * LEAVES)
            yield start, stop
            start = stop


def _check_log(log: LogDirectory, tree: Tree, comparison: Verification) -> Iterator[dict[str, Any]]:
    """What is wrong with the log itself: its checkpoint, its upper tiles, and the checkpoints that it does not go on from."""
    message = log.note()
    now = signing_keys.open_checkpoint(message) if message else Broken("it is missing")
    if isinstance(now, Broken):
        yield make_finding("checkpoint", f"the checkpoint in the log's folder cannot be used: {now.reason}")
    elif now.size < comparison.size:
        yield make_finding("checkpoint", f"the log was rolled back to {now.size:,} events")
    for loose in leaf_comparison.find_unproved(tree, comparison.size, bytes.fromhex(comparison.root)):
        yield make_finding("unproved", str(loose), leaf=loose.index, count=loose.count)
    first = min((start for start, _ in comparison.ranges), default=0)
    checkpoints = (
        Row.objects.filter(size__gte=first, size__lte=comparison.size).order_by("size").values_list("size", "root")
    )
    for size, root in checkpoints.distinct().iterator():
        verdict = verify_root(tree, size, bytes.fromhex(root))
        if isinstance(verdict, Broken):
            yield make_finding("checkpoint", f"a checkpoint of {size:,} events does not fit: {verdict.reason}")
    whole = comparison.kind == Verification.Kind.COMMAND and comparison.ranges == [[0, comparison.size]]
    yield from row_check.check_rows(log, comparison.ranges, whole=whole)
    for sentence in witnesses.find_unsound_cosignatures(read_trusted_checkpoint(log).origin, first):
        yield make_finding("cosignature", sentence)
    yield from _check_published(log, comparison)


def _check_published(log: LogDirectory, comparison: Verification) -> Iterator[dict[str, Any]]:
    """The log goes on from what was published, which rows and folder cannot hide: from all of it, or by the schedule from
    so much at a time."""
    for target, publisher in list_publishers().items():
        history = PublishedHistory(log, target, publisher)
        is_scheduled = comparison.kind == Verification.Kind.SCHEDULED
        for contradiction in history.compare_again() if is_scheduled else history.compare_all():
            yield make_finding("checkpoint", contradiction)


def _name_events(
    log: LogDirectory, atlas: Atlas, sealed: SealedLog, comparison: Verification
) -> Iterator[dict[str, Any]]:
    """What became of events in the chunks that differ, and of any that stand among sealed ones and are no leaf."""
    names = Names()
    for region in verification.join_chunks(atlas.chunk(start, end) for start, end in comparison.differing):
        verdict = verification.compare_chunk(atlas.trail, sealed, region)
        if isinstance(verdict, Tampered):
            names.take(log, atlas.trail, sealed, region, verdict)
        else:  # it was put right meanwhile, or the ids alone differ
            names.take_ids(log, verification.read_events(atlas.trail, region), region)
        names.take_contradictions(verification.read_contradicting(atlas.trail, region))
    for event in atlas.unsealed():
        names.add(event)
    yield from names.findings()
