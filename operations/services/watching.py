"""Every minute: which writers' numbers never arrived, who has fallen silent, and who speaks again.

What this costs follows from what is new, not from how much there is: of each writer is remembered up to which number
all was looked for. Numbers that are on their way have SETTLING seconds to arrive.
"""

from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from accounts.journal import record, trail
from accounts.models import User
from accounts.records import fitting
from operations.journal import Action
from operations.models import Incident, MissingNumbers, Scope, WatchedWriter, WriterKey
from operations.services import incidents
from trail import sequences
from trail.sequences import AT_ONCE, Writer

Kind = Incident.Kind
SETTLING = timedelta(seconds=30)
# How far back, by the writers' clocks, somebody new is looked for beside those whose number 0 is there.
NEWCOMERS_SINCE = timedelta(minutes=10)
MOST_GAPS = 1_000  # of one writer in one look; the next look goes on from there
MOST_LOOKED_FOR = 500  # open gaps looked at again in one look, those first that were looked at longest ago
LEAST_SILENCE = 600.0  # seconds
USUAL_AFTER = 10  # times a writer was heard before its rhythm is believed
FADING = 0.9999  # of the longest pause, each time it is heard: to a half within some 7,000 minutes of work
LONGEST_STEP = 120.0  # seconds between looks that count as quiet: while the console was down nobody was silent


def look(settling: timedelta = SETTLING) -> None:
    """One look at every writer. Raises TrailUnavailable, and then nothing of the rest is concluded."""
    now = timezone.now()
    before = WatchedWriter.objects.aggregate(at=Max("looked_at"))["at"] or now
    step = min(max(0.0, (now - before).total_seconds()), LONGEST_STEP)
    _meet_newcomers(now)
    used = _keys_used(now)
    last = 0
    while batch := list(WatchedWriter.objects.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = batch[-1].pk
        news = {one.id: one for one in sequences.news(trail(), {row.writer: row.last for row in batch})}
        spoke = {row.writer for row in batch if _is_newer(used.get(row.writer), row)}
        for row in batch:
            if row.writer in news:
                _hear(row, news[row.writer], row.quiet + step, now)
            elif row.writer in spoke:
                _speak(row, used[row.writer], row.quiet + step, now)
                row.save()
            if row.doubt_since is not None and now - row.doubt_since >= settling:
                _settle(row, now)
        quiet = [row.pk for row in batch if row.writer not in news and row.writer not in spoke]
        WatchedWriter.objects.filter(pk__in=quiet).update(quiet=F("quiet") + step, looked_at=now)
    _look_for_missing(now)
    _notice_silence()


def _meet_newcomers(now: datetime) -> None:
    names = sequences.newcomers(trail(), now - NEWCOMERS_SINCE)
    while some := list(islice(names, AT_ONCE)):
        known = set(WatchedWriter.objects.filter(writer__in=some).values_list("writer", flat=True))
        fresh = [WatchedWriter(writer=name, looked_at=now) for name in some if name not in known]
        WatchedWriter.objects.bulk_create(fresh, ignore_conflicts=True)


@transaction.atomic
def _hear(row: WatchedWriter, news: Writer, pause: float, now: datetime) -> None:
    """A writer has written: perhaps every number in its turn, perhaps not yet."""
    if row.checked == row.last and news.whole_from(row.last + 1):
        row.checked = news.last
    elif row.doubt_since is None:
        row.doubt_since, row.doubt_to = now, news.last
    row.last = news.last
    _speak(row, news.last_heard, pause, now)
    row.save()


def _keys_used(now: datetime) -> dict[str, datetime]:
    """When each writer last came with its key. One that does not number its events is heard by that alone."""
    keys = WriterKey.objects.filter(scope=Scope.WRITE).exclude(last_used_at=None)
    used = dict(keys.order_by().values_list("writer").annotate(at=Max("last_used_at")))
    known = set(WatchedWriter.objects.filter(writer__in=used).values_list("writer", flat=True))
    fresh = [WatchedWriter(writer=writer, looked_at=now) for writer in used.keys() - known]
    WatchedWriter.objects.bulk_create(fresh, ignore_conflicts=True)
    return used


def _is_newer(used: datetime | None, row: WatchedWriter) -> bool:
    return used is not None and not row.numbers and (row.heard_at is None or used > row.heard_at)


def _speak(row: WatchedWriter, at: datetime, pause: float, now: datetime) -> None:
    """It was heard, after a pause of so many seconds; the row is the caller's to save."""
    row.heard_at, row.looked_at = at, now
    if row.times_heard:
        row.longest_pause = max(pause, row.longest_pause * FADING)
    row.times_heard, row.quiet = row.times_heard + 1, 0
    if row.is_silent:
        row.is_silent = False
        incidents.over(Kind.SILENCE, row.writer, f"Writer {row.writer} speaks again.")


@transaction.atomic
def _settle(row: WatchedWriter, now: datetime) -> None:
    """What is still not there has not arrived."""
    assert row.doubt_to is not None
    found = list(islice(sequences.gaps_of(trail(), row.writer, row.checked + 1, row.doubt_to), MOST_GAPS))
    row.checked = found[-1].last if len(found) == MOST_GAPS else row.doubt_to
    row.doubt_since, row.doubt_to = (None, None) if row.checked == row.last else (now, row.last)
    row.save()
    MissingNumbers.objects.bulk_create(
        MissingNumbers(writer=row, first=gap.first, last=gap.last, noticed_at=now, looked_at=now) for gap in found
    )
    if found:
        numbers = ", ".join(str(MissingNumbers(first=gap.first, last=gap.last)) for gap in found[:10])
        rest = f" and {len(found) - 10:,} other gaps" if len(found) > 10 else ""
        what = f"Writer {row.writer}: {numbers}{rest} never arrived."
        incidents.failed(Kind.GAP, row.writer, what, writer=row.writer, events=sum(g.last - g.first + 1 for g in found))


def _look_for_missing(now: datetime) -> None:
    """What never arrived may arrive after all: from a spool that was found again, say."""
    missing = MissingNumbers.objects.filter(arrived_at=None).select_related("writer").order_by("looked_at")
    for one in list(missing[:MOST_LOOKED_FOR]):
        still = list(islice(sequences.gaps_of(trail(), one.writer.writer, one.first, one.last), MOST_GAPS))
        if [(gap.first, gap.last) for gap in still] == [(one.first, one.last)]:
            MissingNumbers.objects.filter(pk=one.pk).update(looked_at=now)
        elif len(still) < MOST_GAPS:
            _arrived(one, still, now)


@transaction.atomic
def _arrived(one: MissingNumbers, still: list[sequences.Gap], now: datetime) -> None:
    MissingNumbers.objects.filter(pk=one.pk).update(looked_at=now, arrived_at=now)
    MissingNumbers.objects.bulk_create(
        MissingNumbers(writer=one.writer, first=gap.first, last=gap.last, noticed_at=one.noticed_at, looked_at=now)
        for gap in still
    )
    if not one.writer.missing.filter(arrived_at=None).exists():
        incidents.over(Kind.GAP, one.writer.writer, f"Writer {one.writer}: {one} arrived after all.")


def _notice_silence() -> None:
    for row in list(WatchedWriter.objects.filter(is_silent=False, quiet__gt=0)):
        most = allowed_quiet(row)
        if most is not None and row.quiet > most:
            _silent(row, most)


@transaction.atomic
def _silent(row: WatchedWriter, most: float) -> None:
    WatchedWriter.objects.filter(pk=row.pk).update(is_silent=True)
    heard = f"{row.heard_at:%Y-%m-%d %H:%M:%S}Z" if row.heard_at else "its first event"
    what = f"Writer {row.writer} has been silent since {heard}; it is expected at least every {most:,.0f} seconds."
    incidents.failed(Kind.SILENCE, row.writer, fitting(what, incidents.LONGEST), writer=row.writer)


@transaction.atomic
def expect(row: WatchedWriter, *, silent_after: int | None, by: User) -> None:
    """Set after how many seconds a writer is silent; None: its rhythm decides. Raises TrailUnavailable, WriteRefused."""
    WatchedWriter.objects.filter(pk=row.pk).update(silent_after=silent_after)
    labels = {"silent_after": str(silent_after or "")}
    record(Action.WRITER_WATCH, by=by, resource=("writer", row.writer), labels=labels)


def allowed_quiet(row: WatchedWriter) -> float | None:
    """After how many seconds without an event a writer is silent; None while nothing is known of it."""
    if row.silent_after is not None:
        return float(row.silent_after)
    if row.times_heard < USUAL_AFTER:
        return None
    return max(LEAST_SILENCE, 2 * row.longest_pause)
