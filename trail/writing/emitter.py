"""Emit events: done when durable, in the index or in the spool, else an error. docs/writing.md says how services use it.

The emitter numbers a writer's events (`event.sequence` per `writer.id`, from 0). A number belongs to one event for ever:
an event that failed and is emitted again by the same emitter keeps its number. A number that never reaches the trail was
given to an event whose emitter was told that it failed, or that died before it was told anything.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Self

import orjson

from trail.connection import Trail
from trail.count import Count
from trail.errors import InvalidEvent, TrailError, TrailUnavailable, WriteRefused, WriteUnknown
from trail.events import Event, get, parse
from trail.grouping import Groups
from trail.spool import Spool
from trail.writer import BATCH, Outcome, attempt

Mode = Literal["indexed", "spooled"]
BULKS_AT_ONCE = 4
SPOOLED_AT_ONCE = 1_000  # events of one fsync
MAX_EVENT = 8 * 1024 * 1024  # bytes
REMEMBERED = 10_000  # failed events whose numbers are kept for another try


@dataclass(frozen=True, slots=True)
class Durable:
    """An event that will not be lost: acknowledged by every copy of the index, or fsynced to the spool."""

    event_id: str
    sequence: int
    where: Literal["index", "spool"]


Answer = Durable | TrailError
Failed = Callable[[dict[str, Any], TrailError], None]


class Emitter:
    """Emits the events of one writer, from any number of threads. One emitter at a time per `writer_id`.

    `indexed`: an event is durable when the engine has acknowledged it on every copy; with a spool, what the engine does not
    take goes there. `spooled`: when it is fsynced there; a shipper delivers it. The count of events is kept in `state`, by
    default the spool's folder; an emitter without a spool needs one. Memory is bounded by the callers, who wait. `failed`
    is told of each event that is not durable, in its caller's thread and before its caller is.
    """

    def __init__(self, trail: Trail | None, *, writer_id: str, mode: Mode = "indexed", spool: Spool | None = None,
                 state: Path | None = None, failed: Failed | None = None) -> None:  # fmt: skip
        folder = state or (spool.folder if spool else None)
        if folder is None:
            raise ValueError("an emitter needs a spool, or a folder for its count of events")
        if (trail if mode == "indexed" else spool) is None:
            raise ValueError(f"the mode {mode} needs a {'trail' if mode == 'indexed' else 'spool'}")
        self.writer_id = writer_id
        self._report = failed
        self._trail, self._spool = trail, spool
        self._count = Count(folder / "count", at_least=_after(spool.last, writer_id) if spool else 0)
        self._numbering = Lock()
        self._failed: dict[str, int] = {}
        self._process = os.getpid()
        self._groups: Groups[Sequence[Event], list[Answer]] = (
            Groups(self._into_index, most=BATCH, at_once=BULKS_AT_ONCE)
            if mode == "indexed"
            else Groups(self._into_spool, most=SPOOLED_AT_ONCE)
        )

    def emit(self, event: dict[str, Any]) -> Durable:
        """Return when the event is durable.

        Raises InvalidEvent; WriteRefused when it is not durable and never will be; WriteUnknown or TrailUnavailable when
        it is not known to be. Whoever gets an error must not go on as if the event were on record.
        """
        (answer,) = self.emit_all([event])
        if isinstance(answer, TrailError):
            raise answer
        return answer

    def emit_all(self, events: Iterable[dict[str, Any]]) -> list[Answer]:
        """The same for many: an answer for each, in order, where an error stands instead of being raised."""
        answers: list[Answer] = []
        source = iter(events)
        while some := list(islice(source, BATCH)):
            answered = self._emit_some([_checked(event) for event in some])
            self._tell(some, answered)
            answers += answered
        return answers

    def close(self) -> None:
        """Wait for what is under way. The spool is its owner's to close. Safe to repeat."""
        if os.getpid() == self._process and self._groups.close():
            with suppress(OSError):  # then the numbers are read from what was written, as after a crash
                self._count.keep()
            self._count.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _emit_some(self, checked: list[Event | InvalidEvent]) -> list[Answer]:
        valid = [one for one in checked if isinstance(one, Event)]
        answered: list[Answer] = []
        if valid:
            try:
                answered = self._submit(valid)
            except TrailError as error:
                answered = [error] * len(valid)
        rest = iter(answered)
        return [one if isinstance(one, InvalidEvent) else next(rest) for one in checked]

    def _tell(self, events: list[dict[str, Any]], answers: list[Answer]) -> None:
        """The service's own way to report what failed."""
        for event, answer in zip(events, answers, strict=True):
            if self._report and isinstance(answer, TrailError):
                self._report(event, answer)

    def _submit(self, events: list[Event]) -> list[Answer]:
        if os.getpid() != self._process:
            raise WriteRefused("This emitter was made before the process was forked; each process makes its own.")
        return self._groups.submit(events, len(events))

    def _into_spool(self, group: list[Sequence[Event]]) -> list[list[Answer]]:
        """One group at a time, so that numbers which a refusal left unused go to the next."""
        before = self._count.next
        numbered, again = self._numbered(group, keep=False)
        answers = self._spooled(numbered)
        if isinstance(answers[0], WriteUnknown):
            self._remember(numbered)
            with suppress(OSError):  # the disk is failing; the numbers stay taken as long as this process lives
                self._count.keep()
        elif isinstance(answers[0], WriteRefused):
            self._remember(again)
            self._count.next = before
        return _shared(answers, group)

    def _into_index(self, group: list[Sequence[Event]]) -> list[list[Answer]]:
        """The index, and for what it does not take the spool, if there is one."""
        assert self._trail is not None
        numbered, _ = self._numbered(group, keep=True)
        outcomes = attempt(self._trail, numbered)
        answers = [_answer(one, outcome) for one, outcome in zip(numbered, outcomes, strict=True)]
        failed = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, TrailError)]
        if failed and self._spool:
            for number, answer in zip(failed, self._spooled([numbered[n] for n in failed]), strict=True):
                answers[number] = _of_both(answers[number], answer)
        self._remember([numbered[n] for n in failed if isinstance(answers[n], TrailError)])
        return _shared(answers, group)

    def _spooled(self, numbered: list[Event]) -> list[Answer]:
        """All or none of them: one answer for all, but for their names."""
        assert self._spool is not None
        try:
            self._spool.append(*(orjson.dumps(one.document) for one in numbered))
        except WriteRefused as error:
            return [error] * len(numbered)
        return [Durable(one.id, _number(one), "spool") for one in numbered]

    def _numbered(self, group: list[Sequence[Event]], *, keep: bool) -> tuple[list[Event], list[Event]]:
        """The events of a group with their numbers, and those of them that had theirs already.

        `keep`: the numbers are durably taken before anything is sent. Raises WriteRefused when that fails.
        """
        numbered, again = [], []
        with self._numbering:
            before = self._count.next
            for event in chain.from_iterable(group):
                known = self._failed.pop(event.id, None)
                own = _with_number(event, self.writer_id, self._count.take(1)[0] if known is None else known)
                numbered.append(own)
                if known is not None:
                    again.append(own)
            try:
                # A number out of turn may be the last in the spool, from which a later count would begin.
                if keep or again:
                    self._count.keep()
            except OSError as error:
                self._count.next = before
                self._remember(again)
                raise WriteRefused(f"The count of events could not be written: {error.strerror}.") from error
        return numbered, again

    def _remember(self, events: Iterable[Event]) -> None:
        """Keep the numbers of events that failed; of too many, forget the oldest."""
        for event in events:
            self._failed[event.id] = _number(event)
        for event_id in list(islice(self._failed, max(0, len(self._failed) - REMEMBERED))):
            self._failed.pop(event_id, None)


def _checked(event: dict[str, Any]) -> Event | InvalidEvent:
    try:
        checked = parse(event)
    except InvalidEvent as error:
        return error
    for name in ("event.sequence", "writer.id"):
        if get(event, name) is not None:
            return InvalidEvent(name, "is set by the emitter")
    if checked.size > MAX_EVENT:  # one too large would take the others of its group with it
        return InvalidEvent("event", f"expected at most {MAX_EVENT:,} bytes")
    return checked


def _with_number(event: Event, writer_id: str, number: int) -> Event:
    document = event.document
    return Event({**document, "event": {**document["event"], "sequence": number}, "writer": {"id": writer_id}})


def _number(event: Event) -> int:
    return int(event.document["event"]["sequence"])


def _after(last: bytes | None, writer_id: str) -> int:
    """The number after that of a spool's last event. Raises WriteRefused where another writer's events are."""
    if last is None:
        return 0
    document = orjson.loads(last)
    if get(document, "writer.id") != writer_id:
        raise WriteRefused(f"This spool is of the writer {get(document, 'writer.id')}, not of {writer_id}.")
    return int(document["event"]["sequence"]) + 1


def _answer(event: Event, outcome: Outcome | TrailError) -> Answer:
    if isinstance(outcome, TrailError):
        return outcome
    if outcome.status == "invalid":
        return InvalidEvent("event", outcome.reason)
    if outcome.status == "conflict":
        return WriteRefused(f"Event {event.id}: {outcome.reason}.")
    return Durable(event.id, _number(event), "index")


def _of_both(index: Answer, spool: Answer) -> Answer:
    """What neither took: certainly not there only when both are certain."""
    if isinstance(spool, Durable):
        return spool
    certain = not any(isinstance(one, WriteUnknown | TrailUnavailable) for one in (index, spool))
    return (WriteRefused if certain else WriteUnknown)(f"{index} {spool}")


def _shared(answers: list[Answer], group: list[Sequence[Event]]) -> list[list[Answer]]:
    """The answers of a group, each caller's own."""
    rest = iter(answers)
    return [list(islice(rest, len(events))) for events in group]
