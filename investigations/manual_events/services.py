"""Enters hand-made events into the timeline of a case, changes and withdraws them: atomic, and on record in the trail."""

from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.errors import Conflict, Refused
from core.records import next_number
from investigations.audit import CaseAction, record_in_case
from investigations.cases.services import hold_open
from investigations.models import Case, ManualEvent, ManualEventVersion
from trail.search.execute import sortable_time


@dataclass(frozen=True, slots=True)
class ManualEventWords:
    """What a person enters; `starts` and `ends` are RFC 3339 in UTC, `ends` and `phase` may be empty."""

    kind: str
    title: str
    starts: str
    ends: str = ""
    phase: str = ""
    details: str = ""


@transaction.atomic
def add_manual_event(*, case: Case, words: ManualEventWords, by: User) -> ManualEvent:
    """A new one. Raises CaseClosed; Refused for one that ends before it begins."""
    _check_span(words)
    hold_open(case)
    event = ManualEvent.objects.create(
        case=case,
        number=next_number(case.manual_events),
        place=sortable_time(words.starts),
        created_by=by,
        created_by_name=by.name or by.username,
        **asdict(words),
    )
    build_version(event, by=by).save()
    _record(CaseAction.MANUAL_EVENT_ADD, f"entered {event.label} by hand", event, by)
    return event


def read_words(event: ManualEvent) -> ManualEventWords:
    """What stands there now."""
    return ManualEventWords(event.kind, event.title, event.starts, event.ends, event.phase, event.details)


def build_version(event: ManualEvent, *, by: User) -> ManualEventVersion:
    """What stands there now as a version, which is to be saved."""
    return ManualEventVersion(
        event=event, number=event.revision, words=asdict(read_words(event)), by=by, by_name=by.name or by.username
    )


@transaction.atomic
def change_manual_event(*, event: ManualEvent, words: ManualEventWords, revision: int, by: User) -> None:
    """Change its words; those before stay as a version. Nothing happens where they are as they were.

    `revision` is the one that `by` was shown. Raises CaseClosed; Conflict when somebody has changed it since; Refused for one
    that is withdrawn, or that would end before it begins.
    """
    _check_span(words)
    hold_open(event.case)
    current = ManualEvent.objects.select_for_update().get(pk=event.pk)
    if current.withdrawn_at is not None:
        raise Refused(f"{current.label} was withdrawn by {current.withdrawn_by_name}.")
    if read_words(current) == words:
        return
    if current.revision != revision:
        raise Conflict
    for name, word in asdict(words).items():
        setattr(current, name, word)
    current.place = sortable_time(words.starts)
    current.revision += 1
    current.save()
    build_version(current, by=by).save()
    _record(CaseAction.MANUAL_EVENT_CHANGE, f"changed {current.label}, which was entered by hand", current, by)


@transaction.atomic
def withdraw_manual_event(*, event: ManualEvent, reason: str, by: User) -> None:
    """Take it out of the timeline; it stays on record with who did so, when and why. Raises CaseClosed, Refused."""
    if not reason.strip():
        raise Refused("Say why: the reason stays beside what was withdrawn.", "reason")
    hold_open(event.case)
    current = ManualEvent.objects.select_for_update().get(pk=event.pk)
    if current.withdrawn_at is not None:
        raise Refused(f"{current.label} was withdrawn before, by {current.withdrawn_by_name}.")
    current.withdrawn_at = timezone.now()
    current.withdrawn_by_name = by.name or by.username
    current.withdrawn_reason = reason.strip()
    current.save()
    _record(CaseAction.MANUAL_EVENT_WITHDRAW, f"withdrew {current.label}, which was entered by hand", current, by)


def _check_span(words: ManualEventWords) -> None:
    if words.ends and sortable_time(words.ends) < sortable_time(words.starts):
        raise Refused("It ends before it begins.", "ends")


def _record(action: CaseAction, summary: str, event: ManualEvent, by: User) -> None:
    event.case.save(update_fields=["changed_at"])
    labels = {"manual_event": event.label, "kind": event.kind, "phase": event.phase}
    record_in_case(action, summary, by=by, case=event.case, labels=labels)
