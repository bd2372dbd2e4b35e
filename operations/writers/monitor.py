"""Watches writers, every minute: whose numbers never arrived, who has fallen silent, and who is heard again.

What this costs follows from what is new, not from how much there is: of each writer is remembered up to which number
all was looked for. Numbers that are on their way have SETTLING seconds to arrive. Of the demonstration's writers gaps are kept
and shown like any other's, and are no incident; nor is it one that they are not heard again.
"""

from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from accounts.models import User
from core.audit import record
from core.connection import trail
from core.records import fit_text
from operations.audit import OperationsAction
from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import KeyScope, MissingNumbers, WatchedWriter, WriterKey
from trail.maintenance import sequences
from trail.maintenance.sequences import AT_ONCE, WriterSequence

SETTLING = timedelta(seconds=30)
# How far back, by the writers' clocks, new writers are looked for, beside those whose number 0 is there.
NEWCOMERS_SINCE = timedelta(minutes=10)
MOST_GAPS = 1_000  # of one writer in one check; the next check goes on from there
MOST_LOOKED_FOR = 500  # open gaps looked for again in one check, those first that were looked for longest ago
LEAST_SILENCE = 600.0  # seconds
USUAL_AFTER = 10  # times a writer was heard before its rhythm is believed
FADING = 0.9999  # of the longest pause, each time it is heard: to a half within some 7,000 minutes of work
LONGEST_STEP = 120.0  # seconds between checks that count as quiet: while the console was down nobody was silent
LONGEST_NAME = 512


def check_writers(settling: timedelta = SETTLING) -> None:
    """Check every writer once. Raises TrailUnavailable, and then nothing is concluded of those not checked yet."""
    now = timezone.now()
    previous = WatchedWriter.objects.aggregate(at=Max("looked_at"))["at"] or now
    step = min(max(0.0, (now - previous).total_seconds()), LONGEST_STEP)
    _add_newcomers(now)
    last_used = _read_key_uses(now)
    last_pk = 0
    while batch := list(WatchedWriter.objects.filter(pk__gt=last_pk).order_by("pk")[:AT_ONCE]):
        last_pk = batch[-1].pk
        _check_batch(batch, last_used, step, now, settling)
    _look_for_missing(now)
    _report_silence()


def _check_batch(
    batch: list[WatchedWriter], last_used: dict[str, datetime], step: float, now: datetime, settling: timedelta
) -> None:
    news = {writer.id: writer for writer in sequences.list_advanced(trail(), {row.writer: row.last for row in batch})}
    quiet = []
    for row in batch:
        if row.writer in news:
            _note_numbers(row, news[row.writer], row.quiet + step, now)
        elif _is_newer(last_used.get(row.writer), row):
            _note_heard(row, last_used[row.writer], row.quiet + step, now)
            row.save()
        else:
            quiet.append(row.pk)
        if row.doubt_since is not None and now - row.doubt_since >= settling:
            _conclude_gaps(row, now)
    WatchedWriter.objects.filter(pk__in=quiet).update(quiet=F("quiet") + step, looked_at=now)


def _add_newcomers(now: datetime) -> None:
    names = sequences.list_newcomers(trail(), now - NEWCOMERS_SINCE)
    while batch := list(islice(names, AT_ONCE)):
        _add_writers(batch, now)


def _add_writers(names: list[str], now: datetime) -> None:
    """Watch those of these writers that are not watched yet, if a row can hold their names."""
    fitting_names = {name for name in names if name == fit_text(name, LONGEST_NAME)}
    watched = set(WatchedWriter.objects.filter(writer__in=fitting_names).values_list("writer", flat=True))
    new = [WatchedWriter(writer=name, looked_at=now) for name in names if name in fitting_names - watched]
    WatchedWriter.objects.bulk_create(new, ignore_conflicts=True)
    for name in set(names) - fitting_names:
        what = f"A writer cannot be watched: its name is longer than {LONGEST_NAME} characters, or holds a NUL. It is {name}"
        incidents.record_failure(IncidentKind.CHECK, name, fit_text(what, incidents.LONGEST_SENTENCE))


@transaction.atomic
def _note_numbers(row: WatchedWriter, news: WriterSequence, pause: float, now: datetime) -> None:
    """A writer has written: perhaps every number in its turn, perhaps not yet."""
    if row.checked == row.last and news.whole_from(row.last + 1):
        row.checked = news.last
    elif row.doubt_since is None:
        row.doubt_since, row.doubt_to = now, news.last
    row.last = news.last
    _note_heard(row, news.last_heard, pause, now)
    row.save()


def _read_key_uses(now: datetime) -> dict[str, datetime]:
    """When each writer last came with its key. One that does not number its events is heard by that alone."""
    keys = WriterKey.objects.filter(scope=KeyScope.WRITE).exclude(last_used_at=None)
    last_used = dict(keys.order_by().values_list("writer").annotate(at=Max("last_used_at")))
    _add_writers(list(last_used), now)
    return last_used


def _is_newer(last_used: datetime | None, row: WatchedWriter) -> bool:
    return last_used is not None and not row.numbers and (row.heard_at is None or last_used > row.heard_at)


def _note_heard(row: WatchedWriter, at: datetime, pause: float, now: datetime) -> None:
    """A writer was heard, after a pause of so many seconds; the row is the caller's to save."""
    row.heard_at, row.looked_at = at, now
    if row.times_heard:
        row.longest_pause = max(pause, row.longest_pause * FADING)
    row.times_heard, row.quiet = row.times_heard + 1, 0
    if row.is_silent:
        row.is_silent = False
        incidents.record_recovery(IncidentKind.SILENCE, row.writer, f"Writer {row.writer} speaks again.")


def _conclude_gaps(row: WatchedWriter, now: datetime) -> None:
    """Conclude that numbers that are still not there have not arrived."""
    assert row.doubt_to is not None
    # Asked before the transaction begins, which would hold SQLite's lock while the trail answers.
    gaps = list(islice(sequences.find_gaps_of(trail(), row.writer, row.checked + 1, row.doubt_to), MOST_GAPS))
    _keep_gaps(row, row.doubt_to, gaps, now)


@transaction.atomic
def _keep_gaps(row: WatchedWriter, doubt_to: int, gaps: list[sequences.SequenceGap], now: datetime) -> None:
    """Remember which numbers are missing up to `doubt_to`, and put them on record."""
    row.checked = gaps[-1].last if len(gaps) == MOST_GAPS else doubt_to
    row.doubt_since, row.doubt_to = (None, None) if row.checked == row.last else (now, row.last)
    row.save()
    missing = [
        MissingNumbers(writer=row, first=gap.first, last=gap.last, noticed_at=now, looked_at=now) for gap in gaps
    ]
    MissingNumbers.objects.bulk_create(missing)
    if missing and not row.is_demonstration:
        numbers = ", ".join(map(str, missing[:10]))
        suffix = f" and {len(missing) - 10:,} other gaps" if len(missing) > 10 else ""
        what = f"Writer {row.writer}: {numbers}{suffix} never arrived."
        events = sum(gap.last - gap.first + 1 for gap in gaps)
        incidents.record_failure(IncidentKind.GAP, row.writer, what, writer=row.writer, events=events)


def _look_for_missing(now: datetime) -> None:
    """What never arrived may arrive after all: from a spool that was found again, say."""
    open_gaps = MissingNumbers.objects.filter(arrived_at=None).select_related("writer").order_by("looked_at")
    for missing in list(open_gaps[:MOST_LOOKED_FOR]):
        gaps = list(
            islice(sequences.find_gaps_of(trail(), missing.writer.writer, missing.first, missing.last), MOST_GAPS)
        )
        if [(gap.first, gap.last) for gap in gaps] == [(missing.first, missing.last)]:
            MissingNumbers.objects.filter(pk=missing.pk).update(looked_at=now)
        elif len(gaps) < MOST_GAPS:
            _note_arrival(missing, gaps, now)


@transaction.atomic
def _note_arrival(missing: MissingNumbers, gaps: list[sequences.SequenceGap], now: datetime) -> None:
    """Some of the missing numbers arrived; `gaps` are those that did not."""
    MissingNumbers.objects.filter(pk=missing.pk).update(looked_at=now, arrived_at=now)
    MissingNumbers.objects.bulk_create(
        MissingNumbers(
            writer=missing.writer, first=gap.first, last=gap.last, noticed_at=missing.noticed_at, looked_at=now
        )
        for gap in gaps
    )
    writer = missing.writer
    if not writer.is_demonstration and not writer.missing.filter(arrived_at=None).exists():
        incidents.record_recovery(IncidentKind.GAP, writer.writer, f"Writer {writer}: {missing} arrived after all.")


def _report_silence() -> None:
    for row in list(WatchedWriter.objects.filter(is_silent=False, quiet__gt=0)):
        limit = get_silence_limit(row)
        if limit is not None and row.quiet > limit and not row.is_demonstration:
            _mark_silent(row, limit)


@transaction.atomic
def _mark_silent(row: WatchedWriter, limit: float) -> None:
    WatchedWriter.objects.filter(pk=row.pk).update(is_silent=True)
    since = f"{row.heard_at:%Y-%m-%d %H:%M:%S}Z" if row.heard_at else "its first event"
    what = f"Writer {row.writer} has been silent since {since}; it is expected at least every {limit:,.0f} seconds."
    sentence = fit_text(what, incidents.LONGEST_SENTENCE)
    incidents.record_failure(IncidentKind.SILENCE, row.writer, sentence, writer=row.writer)


@transaction.atomic
def set_silence_limit(row: WatchedWriter, *, silent_after: int | None, by: User) -> None:
    """Set after how many seconds a writer is silent; None: its rhythm decides. Raises TrailUnavailable, WriteRefused."""
    WatchedWriter.objects.filter(pk=row.pk).update(silent_after=silent_after)
    labels = {"silent_after": str(silent_after or "")}
    record(OperationsAction.WRITER_WATCH, by=by, resource=("writer", row.writer), labels=labels)


def get_silence_limit(row: WatchedWriter) -> float | None:
    """After how many seconds without an event a writer is silent; None while its rhythm is not known."""
    if row.silent_after is not None:
        return float(row.silent_after)
    if row.times_heard < USUAL_AFTER:
        return None
    return max(LEAST_SILENCE, 2 * row.longest_pause)
