"""Reads what a person is to be told: jobs of theirs that ended, where they are named, new findings, and who broke the glass
of a case of theirs."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice

from django.core.cache import cache
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.models import User
from accounts.roles import may_investigate
from investigations import access
from investigations.models import Case, Export, Finding, GlassNotice, Mention, NoticesRead, PinBatch, Run
from investigations.models.jobs import Job
from investigations.page_counts import PageCounts
from investigations.presentation.counts import count_events

SHOWN = 50
# Who never looked is told of so much.
AT_FIRST = timedelta(days=7)
# Seconds for which a count may be old, as every page shows it.
COUNT_SECONDS = 15
NoticedJob = type[Run] | type[Export] | type[PinBatch]
# What a person is told the end of: its name, its icon, and the address of its page.
_JOBS: dict[NoticedJob, tuple[str, str, str]] = {
    Run: ("Run", "run", "run_detail"),
    Export: ("Export", "export", "export_detail"),
    PinBatch: ("Pinning all of", "pin", "pin_batch_detail"),
}


@dataclass(frozen=True, slots=True)
class PersonalNotice:
    """Something that happened: when, its icon, what in words, where it is shown, and whether it came since they last looked."""

    at: datetime
    icon: str
    words: str
    url: str
    is_new: bool
    is_bad: bool = False


def list_notices(user: User) -> list[PersonalNotice]:
    """The newest, the newest first, of the last seven days and of all since they last looked."""
    read_at = _read_mark(user)
    since = min(read_at, timezone.now() - AT_FIRST)
    kinds = [
        _tell_jobs(Run, user, since, read_at),
        _tell_jobs(Export, user, since, read_at),
        _tell_jobs(PinBatch, user, since, read_at),
        _tell_mentions(user, since, read_at),
        _tell_broken_glass(user, since, read_at),
    ]
    if may_investigate(user):
        kinds.append(_tell_findings(since, read_at))
    return list(islice(merge(*kinds, key=lambda notice: notice.at, reverse=True), SHOWN))


def count_new_notices(user: User, counts: PageCounts | None = None) -> int:
    """How many came since they last looked; at most COUNT_SECONDS old."""
    name = name_count(user)
    counts = counts or PageCounts(name)
    return counts.read(name, lambda: _count(user), seconds=COUNT_SECONDS)


def name_count(user: User) -> str:
    """The name under which a person's count is kept."""
    return f"notices:{user.pk}"


def mark_notices_read(user: User) -> None:
    """All that came up to now count as read."""
    NoticesRead.objects.update_or_create(user=user, defaults={"at": timezone.now()})
    with suppress(RedisError):
        cache.delete(name_count(user))


def _count(user: User) -> int:
    read_at = _read_mark(user)
    number = sum(_ended_since(model, user, read_at).count() for model in _JOBS)
    number += _mentioned_since(user, read_at).count() + _glass_broken_since(user, read_at).count()
    return number + (_found_since(read_at).count() if may_investigate(user) else 0)


def _read_mark(user: User) -> datetime:
    mark = NoticesRead.objects.filter(user=user).values_list("at", flat=True).first()
    return mark or timezone.now() - AT_FIRST


def _ended_since(
    model: NoticedJob, user: User, since: datetime
) -> "QuerySet[Run] | QuerySet[Export] | QuerySet[PinBatch]":
    """What ended by itself: who cancels something knows it."""
    ended = (Job.State.FINISHED, Job.State.FAILED)
    seen = Q(case=None) | Q(case__in=Case.objects.visible_to(user).values("pk"))
    jobs = model.objects.filter(seen, started_by=user, state__in=ended, ended_at__gt=since)
    if model is PinBatch:
        jobs = jobs.select_related("run")  # type: ignore[misc]  # the type takes the first of the models for all
    return jobs.order_by("-ended_at", "-pk")


def _mentioned_since(user: User, since: datetime) -> QuerySet[Mention]:
    """Where the person was named, in the cases that they may still see."""
    seen = Case.objects.visible_to(user).values("pk")
    return Mention.objects.filter(user=user, at__gt=since, note__case__in=seen).order_by("-at", "-pk")


def _glass_broken_since(user: User, since: datetime) -> QuerySet[GlassNotice]:
    """Who let themselves into a restricted case that the person was in then."""
    return GlassNotice.objects.filter(user=user, at__gt=since)


def _found_since(since: datetime) -> QuerySet[Finding]:
    return Finding.objects.filter(acknowledged_at=None, found_at__gt=since).order_by("-found_at", "-pk")


def _tell_jobs(model: NoticedJob, user: User, since: datetime, read_at: datetime) -> Iterator[PersonalNotice]:
    name, icon, address = _JOBS[model]
    for job in _ended_since(model, user, since)[:SHOWN]:
        title = _name_job(job, user)
        is_bad = job.state == Job.State.FAILED
        words = (
            f"{name}{title} failed: {job.problem}" if is_bad else f"{name}{title} finished, {count_events(job.done)}"
        )
        assert job.ended_at is not None
        yield PersonalNotice(
            job.ended_at, icon, words, reverse(address, args=[job.public_id]), job.ended_at > read_at, is_bad
        )


def _name_job(job: Run | Export | PinBatch, user: User) -> str:
    """The name of what was searched for, in quotes behind a space; empty where it has none, or the person may not know of it."""
    run = job if isinstance(job, Run) else job.run if isinstance(job, PinBatch) else None
    title = run.title if run is not None and access.may_see(user, run) else ""
    return f" “{title}”" if title else ""


def _tell_mentions(user: User, since: datetime, read_at: datetime) -> Iterator[PersonalNotice]:
    for mention in _mentioned_since(user, since).select_related("note__case")[:SHOWN]:
        note = mention.note
        words = f"{note.author_name} named you in a note of {note.case.number}, {note.case.title}"
        url = f"{reverse('case_notes', args=[note.case.public_id])}#note-{note.first_id}"
        yield PersonalNotice(mention.at, "case", words, url, mention.at > read_at)


def _tell_broken_glass(user: User, since: datetime, read_at: datetime) -> Iterator[PersonalNotice]:
    for notice in _glass_broken_since(user, since).select_related("activity__case")[:SHOWN]:
        activity = notice.activity
        words = f"{activity.actor_name} {activity.summary} ({activity.case.number}, {activity.case.title})"
        url = reverse("case_activity", args=[activity.case.public_id])
        yield PersonalNotice(activity.at, "case", words, url, activity.at > read_at, is_bad=True)


def _tell_findings(since: datetime, read_at: datetime) -> Iterator[PersonalNotice]:
    for finding in _found_since(since).select_related("detection")[:SHOWN]:
        words = f"Finding: {finding.detection.name}, {count_events(finding.count)}"
        url = reverse("finding_detail", args=[finding.public_id])
        yield PersonalNotice(finding.found_at, "findings", words, url, finding.found_at > read_at)
