"""Emits the events of a service: each is durable, in the index or in the spool, or an error (docs/trail/writing.md).

The emitter numbers a writer's events (`event.sequence` per `writer.id`, from 0). A number belongs to one event for ever:
an event that failed and is emitted again by the same emitter keeps its number. A number that never reaches the trail was
given to an event whose caller got an error, or died before it got an answer.
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
from trail.documents import get
from trail.errors import InvalidEvent, TrailError, TrailUnavailable, WriteRefused, WriteUnknown
from trail.events import Event, parse_event
from trail.reserved_names import expect_unreserved, is_demonstration_writer, is_reserved_writer
from trail.spool.counter import SequenceCounter
from trail.spool.group_commit import GroupCommit
from trail.spool.spool import Spool
from trail.writing.writer import BATCH, Outcome, attempt_writes

Mode = Literal["indexed", "spooled"]
BULKS_AT_ONCE = 4
SPOOLED_AT_ONCE = 1_000  # events of one fsync
MAX_EVENT = 8 * 1024 * 1024  # bytes
REMEMBERED = 10_000  # failed events that keep their numbers for another try


@dataclass(frozen=True, slots=True)
class Durable:
    """An event that will not be lost: acknowledged by every copy of the index, or fsynced to the spool."""

    event_id: str
    sequence: int
    where: Literal["index", "spool"]


EmitResult = Durable | TrailError
OnFailure = Callable[[dict[str, Any], TrailError], None]


class Emitter:
    """Emits the events of one writer, from any number of threads. One emitter at a time per `writer_id`.

    `indexed`: an event is durable when the engine has acknowledged it on every copy; with a spool, what the engine does not
    take goes there. `spooled`: when it is fsynced there; a shipper delivers it. The count of events is kept in `state`, by
    default the spool's folder; an emitter without a spool needs one. Memory is bounded by the callers, who wait. `failed`
    is called with each event that is not durable and its error, in the caller's thread, before the caller gets the error.
    """

    def __init__(
        self,
        trail: Trail | None,
        *,
        writer_id: str,
        mode: Mode = "indexed",
        spool: Spool | None = None,
        state: Path | None = None,
        failed: OnFailure | None = None,
    ) -> None:
        folder = state or (spool.folder if spool else None)
        if folder is None:
            raise ValueError("an emitter needs a spool, or a folder for its count of events")
        if (trail if mode == "indexed" else spool) is None:
            raise ValueError(f"the mode {mode} needs a {'trail' if mode == 'indexed' else 'spool'}")
        if is_reserved_writer(writer_id):
            raise ValueError(f"{writer_id} is reserved for the console itself; a service has a name of its own")
        if is_demonstration_writer(writer_id):
            raise ValueError(f"{writer_id} is reserved for the demonstration; a service has a name of its own")
        self.writer_id = writer_id
        self._report = failed
        self._trail, self._spool = trail, spool
        self._count = SequenceCounter(folder / "count", at_least=_sequence_after(spool.last, writer_id) if spool else 0)
        self._numbering = Lock()
        self._failed: dict[str, int] = {}
        self._process = os.getpid()
        self._groups: GroupCommit[Sequence[Event], list[EmitResult]] = (
            GroupCommit(self._commit_to_index, most=BATCH, at_once=BULKS_AT_ONCE)
            if mode == "indexed"
            else GroupCommit(self._commit_to_spool, most=SPOOLED_AT_ONCE)
        )

    def emit(self, event: dict[str, Any]) -> Durable:
        """Return when the event is durable.

        Raises InvalidEvent; WriteRefused when it is not durable and never will be; WriteUnknown or TrailUnavailable when
        it is not known to be. A caller that gets an error must not go on as if the event were on record.
        """
        (result,) = self.emit_all([event])
        if isinstance(result, TrailError):
            raise result
        return result

    def emit_all(self, events: Iterable[dict[str, Any]]) -> list[EmitResult]:
        """Emit many events; a result for each, in order: an error is returned instead of being raised."""
        results: list[EmitResult] = []
        source = iter(events)
        while batch := list(islice(source, BATCH)):
            batch_results = self._emit_batch([_check(event) for event in batch])
            self._report_failures(batch, batch_results)
            results += batch_results
        return results

    def close(self) -> None:
        """Wait for what is under way. The spool is its owner's to close. Safe to repeat."""
        if os.getpid() == self._process and self._groups.close():
            with suppress(OSError):  # then the numbers are read from what was written, as after a crash
                self._count.save()
            self._count.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _emit_batch(self, checked: list[Event | InvalidEvent]) -> list[EmitResult]:
        valid = [event for event in checked if isinstance(event, Event)]
        results: list[EmitResult] = []
        if valid:
            try:
                results = self._submit(valid)
            except TrailError as error:
                results = [error] * len(valid)
        remaining = iter(results)
        return [event if isinstance(event, InvalidEvent) else next(remaining) for event in checked]

    def _report_failures(self, events: list[dict[str, Any]], results: list[EmitResult]) -> None:
        for event, result in zip(events, results, strict=True):
            if self._report and isinstance(result, TrailError):
                self._report(event, result)

    def _submit(self, events: list[Event]) -> list[EmitResult]:
        if os.getpid() != self._process:
            raise WriteRefused("This emitter was made before the process was forked; each process makes its own.")
        return self._groups.submit(events, len(events))

    def _commit_to_spool(self, group: list[Sequence[Event]]) -> list[list[EmitResult]]:
        """One group at a time, so that numbers which a refusal left unused go to the next."""
        before = self._count.next
        numbered, again = self._number_events(group, keep=False)
        results = self._append_to_spool(numbered)
        if isinstance(results[0], WriteUnknown):
            self._remember(numbered)
            with suppress(OSError):  # the disk is failing; the numbers stay taken as long as this process lives
                self._count.save()
        elif isinstance(results[0], WriteRefused):
            self._remember(again)
            self._count.next = before
        return _divide(results, group)

    def _commit_to_index(self, group: list[Sequence[Event]]) -> list[list[EmitResult]]:
        """The index, and for what it does not take the spool, if there is one."""
        assert self._trail is not None
        numbered, _ = self._number_events(group, keep=True)
        outcomes = attempt_writes(self._trail, numbered)
        results = [_read_outcome(event, outcome) for event, outcome in zip(numbered, outcomes, strict=True)]
        failed = [place for place, outcome in enumerate(outcomes) if isinstance(outcome, TrailError)]
        if failed and self._spool:
            spooled = self._append_to_spool([numbered[place] for place in failed])
            for place, result in zip(failed, spooled, strict=True):
                results[place] = _combine(results[place], result)
        self._remember([numbered[place] for place in failed if isinstance(results[place], TrailError)])
        return _divide(results, group)

    def _append_to_spool(self, numbered: list[Event]) -> list[EmitResult]:
        """All of the events are durable, or none is and all have the same error."""
        assert self._spool is not None
        try:
            self._spool.append(*(orjson.dumps(event.document) for event in numbered))
        except WriteRefused as error:
            return [error] * len(numbered)
        return [Durable(event.id, _sequence(event), "spool") for event in numbered]

    def _number_events(self, group: list[Sequence[Event]], *, keep: bool) -> tuple[list[Event], list[Event]]:
        """The events of a group with their numbers, and those of them that had theirs already.

        `keep`: the numbers are durably taken before anything is sent. Raises WriteRefused when that fails.
        """
        numbered, again = [], []
        with self._numbering:
            before = self._count.next
            for event in chain.from_iterable(group):
                earlier = self._failed.pop(event.id, None)
                number = self._count.take_numbers(1)[0] if earlier is None else earlier
                numbered.append(_with_number(event, self.writer_id, number))
                if earlier is not None:
                    again.append(numbered[-1])
            try:
                # A number out of turn may be the last in the spool, from which a later count would begin.
                if keep or again:
                    self._count.save()
            except OSError as error:
                self._count.next = before
                self._remember(again)
                raise WriteRefused(f"The count of events could not be written: {error.strerror}.") from error
        return numbered, again

    def _remember(self, events: Iterable[Event]) -> None:
        """Keep the numbers of events that failed; of too many, forget the oldest."""
        for event in events:
            self._failed[event.id] = _sequence(event)
        for event_id in list(islice(self._failed, max(0, len(self._failed) - REMEMBERED))):
            self._failed.pop(event_id, None)


def _check(event: dict[str, Any]) -> Event | InvalidEvent:
    try:
        checked = parse_event(event)
        expect_unreserved(checked.document)
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


def _sequence(event: Event) -> int:
    return int(event.document["event"]["sequence"])


def _sequence_after(last: bytes | None, writer_id: str) -> int:
    """The number after that of a spool's last event. Raises WriteRefused where another writer's events are."""
    if last is None:
        return 0
    document = orjson.loads(last)
    if get(document, "writer.id") != writer_id:
        raise WriteRefused(f"This spool is of the writer {get(document, 'writer.id')}, not of {writer_id}.")
    return int(document["event"]["sequence"]) + 1


def _read_outcome(event: Event, outcome: Outcome | TrailError) -> EmitResult:
    if isinstance(outcome, TrailError):
        return outcome
    if outcome.status == "invalid":
        return InvalidEvent("event", outcome.reason)
    if outcome.status == "conflict":
        return WriteRefused(f"Event {event.id}: {outcome.reason}.")
    return Durable(event.id, _sequence(event), "index")


def _combine(index: EmitResult, spool: EmitResult) -> EmitResult:
    """The result of an event that the index did not take: not durable for certain only when both are certain."""
    if isinstance(spool, Durable):
        return spool
    certain = not any(isinstance(error, WriteUnknown | TrailUnavailable) for error in (index, spool))
    return (WriteRefused if certain else WriteUnknown)(f"{index} {spool}")


def _divide(results: list[EmitResult], group: list[Sequence[Event]]) -> list[list[EmitResult]]:
    """The results of a group, divided among its callers."""
    remaining = iter(results)
    return [list(islice(remaining, len(events))) for events in group]
