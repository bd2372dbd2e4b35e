"""Compares the rows about the sealed log with each other, and with what was true of them when they were compared last."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any

from operations.models import Checkpoint, Cursor, SealedRange, SealKey
from operations.sealing.errors import LogDamaged
from operations.sealing.findings import NAMED, make_finding
from operations.sealing.folder import LogDirectory
from operations.sealing.pending_check import list_repeats
from operations.sealing.progress import Values, keep_progress, read_progress
from operations.sealing.signing_keys import find_foreign_rows

Finding = dict[str, Any]  # as findings.make_finding makes it
Ranges = list[list[int]]
MOST = 100  # findings of one kind
CHECKPOINTS = "checkpoint-rows"
NOTHING_KNOWN: Values = {"last": 0, "count": 0, "digest": ""}


def check_rows(log: LogDirectory, ranges: Ranges, *, whole: bool) -> Iterator[Finding]:
    """What is wrong with the rows of these leaves, and with those that say how far each shard is sealed.

    `whole`: the ranges are all there is, so that it is also told which rows are missing.
    """
    for start, end in ranges:
        yield from islice(_check_stretches(start, end), MOST)
    spans = _list_spans(ranges)
    yield from islice(_check_duplicates(log, spans), MOST)
    yield from islice(_check_cursors(spans), MOST)
    yield from _check_checkpoints(log, whole=whole)
    yield from islice(_check_keys(log), MOST)


def _check_stretches(start: int, end: int) -> Iterator[Finding]:
    """Each leaf is in one stretch, and in no second one."""
    before = SealedRange.objects.filter(first_leaf__lte=start).order_by("-first_leaf").first()
    reached = before.end if before else start
    for row in SealedRange.objects.filter(first_leaf__gt=start, first_leaf__lt=end).order_by("first_leaf").iterator():
        if row.first_leaf > reached:
            yield _describe_gap(reached, row.first_leaf)
        elif row.first_leaf < reached:
            what = f"the stretch of leaf {row.first_leaf} begins before leaf {reached}, where the one before it ends"
            yield make_finding("rows", what, leaf=row.first_leaf, count=reached - row.first_leaf)
        reached = max(reached, row.end)
    if reached < end:
        yield _describe_gap(reached, end)


def _describe_gap(start: int, end: int) -> Finding:
    leaves = f"leaf {start}" if end == start + 1 else f"leaves {start} to {end - 1}"
    return make_finding("rows", f"no row says which event is {leaves}", leaf=start, count=end - start)


# --- Numbers of shards -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Span:
    """The numbers of an index between which the rows of a comparison lie."""

    index: str
    low: int
    high: int


def _list_spans(ranges: Ranges) -> list[_Span]:
    """One for each index that has leaves in these ranges."""
    bounds: dict[str, tuple[int, int]] = {}
    for start, end in ranges:
        before = SealedRange.objects.filter(first_leaf__lte=start).order_by("-first_leaf")[:1]
        inside = SealedRange.objects.filter(first_leaf__gt=start, first_leaf__lt=end)
        for rows in (before, inside.order_by("first_leaf").iterator()):
            for row in rows:
                low, high = bounds.get(row.index, (row.first_seq, row.last_seq))
                bounds[row.index] = min(low, row.first_seq), max(high, row.last_seq)
    return [_Span(index, low, high) for index, (low, high) in sorted(bounds.items())]


def _check_duplicates(log: LogDirectory, spans: list[_Span]) -> Iterator[Finding]:
    """No number of a shard has two leaves, but those that the sealer found signed twice and said so."""
    repeated = list_repeats(log)
    for span in spans:
        reached: dict[tuple[str, int], SealedRange] = {}
        rows = SealedRange.objects.filter(index=span.index, first_seq__gte=span.low, first_seq__lte=span.high)
        for row in rows.order_by("first_seq", "first_leaf").iterator():
            shard = row.uuid, row.shard
            before = reached.get(shard) or _find_before(row)
            if before and before.last_seq >= row.first_seq:
                yield from _describe_duplicates(log, before, row, repeated)
            if before is None or row.last_seq >= before.last_seq:
                reached[shard] = row


def _find_before(row: SealedRange) -> SealedRange | None:
    """The stretch of the same shard with the numbers before."""
    place = {"index": row.index, "uuid": row.uuid, "shard": row.shard}
    return SealedRange.objects.filter(**place, first_seq__lt=row.first_seq).order_by("-first_seq").first()


def _describe_duplicates(
    log: LogDirectory, row: SealedRange, other: SealedRange, repeated: Ranges
) -> Iterator[Finding]:
    """The numbers that two stretches of a shard have in common: of the two leaves of each, the later row."""
    later, earlier = (row, other) if row.first_leaf > other.first_leaf else (other, row)
    first = max(row.first_seq, other.first_seq)
    count = min(row.last_seq, other.last_seq) - first + 1
    leaf = later.first_leaf + first - later.first_seq
    if any(start <= leaf and leaf + count <= end for start, end in repeated):
        return
    try:
        ids = list(log.ids(leaf, leaf + min(count, NAMED)))
    except LogDamaged:  # which is a finding of its own
        ids = []
    what = (
        f"sealed twice, as leaf {earlier.first_leaf + first - earlier.first_seq} and after and as leaf {leaf} and after"
    )
    yield make_finding("duplicate", what, leaf=leaf, count=count, events=ids)


def _check_cursors(spans: list[_Span]) -> Iterator[Finding]:
    """Each shard is told as sealed as far as it is. The keeper adds to both in one transaction, stretches being read first."""
    for span in spans:
        newest: dict[tuple[str, int], int] = {}
        rows = SealedRange.objects.filter(index=span.index, first_seq__gte=span.low, first_seq__lte=span.high)
        for row in rows.order_by("first_seq").iterator():
            newest[row.uuid, row.shard] = max(row.last_seq, newest.get((row.uuid, row.shard), -1))
        cursors = {cursor.shard: cursor for cursor in Cursor.objects.filter(index=span.index)}
        for (uuid, shard), last in newest.items():
            cursor = cursors.get(shard)
            if cursor is None:
                yield make_finding("rows", f"no row says how far {span.index}, shard {shard}, is sealed")
            elif cursor.uuid == uuid and cursor.seq < last:
                what = (
                    f"{span.index}, shard {shard}, is told as sealed up to number {cursor.seq}, and is sealed up to {last}: "
                    "the row was put back"
                )
                yield make_finding("rows", what)


# --- Checkpoints -----------------------------------------------------------------------------------------------------


def _check_checkpoints(log: LogDirectory, *, whole: bool) -> Iterator[Finding]:
    """The rows of checkpoints that were there are there, and as they were: `whole` reads each, else they are counted."""
    known = read_progress(log, CHECKPOINTS) or NOTHING_KNOWN
    count = Checkpoint.objects.filter(pk__lte=known["last"]).count()
    if count < known["count"]:
        yield make_finding("rows", f"{known['count'] - count:,} checkpoints that were kept as rows are gone")
        return
    if count > known["count"]:  # one that was being written when they were counted, under an earlier key
        known = NOTHING_KNOWN
    if whole and _digest_rows(NOTHING_KNOWN, known["last"])["digest"] != known["digest"]:
        yield make_finding("rows", "checkpoints that were kept as rows were changed")
        return
    newest = Checkpoint.objects.order_by("pk").last()
    if newest and newest.pk > known["last"]:
        keep_progress(log, CHECKPOINTS, _digest_rows(known, newest.pk))


def _digest_rows(known: Values, last: int) -> Values:
    """The chain of digests over the rows after those that are known, up to a key."""
    digest, count = str(known["digest"]), int(known["count"])
    rows = Checkpoint.objects.filter(pk__gt=known["last"], pk__lte=last).order_by("pk")
    for row in rows.values_list("pk", "size", "root", "note").iterator():
        digest = sha256(f"{digest}\n{row}".encode()).hexdigest()
        count += 1
    return {"last": last, "count": count, "digest": digest}


# --- Keys ------------------------------------------------------------------------------------------------------------


def _check_keys(log: LogDirectory) -> Iterator[Finding]:
    """The rows of keys, of which nothing is believed, are copies of what the log's own list says."""
    history = log.keys.history()
    for foreign in find_foreign_rows(history):
        yield make_finding("rows", f"the database names a key that the log never had: {foreign}")
    for vkey in sorted({str(key) for key in history.verifiers} - set(SealKey.objects.values_list("vkey", flat=True))):
        yield make_finding("rows", f"the database lacks a key of the log: {vkey}")
