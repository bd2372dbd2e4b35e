"""Imports the records of one source into the trail, and counts what became of each."""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal, TextIO

from operations.imports.conversion import Converted, convert_record, is_same_inner_record
from operations.imports.envelopes import is_empty_page
from operations.imports.formats import SourceFormat, detect_format, is_known_record
from operations.imports.reader import ForeignRecord
from trail.canonical_form import holds_same_record
from trail.connection import Trail
from trail.errors import InvalidEvent
from trail.events import Event
from trail.redaction import remove_secrets
from trail.writing.lookup import find_records
from trail.writing.new_months import MonthAllowance
from trail.writing.writer import Outcome, write_many

# What is looked up together, at most: memory holds so many records, and one more.
BATCH = 200
BATCH_CHARACTERS = 4 * 1024 * 1024


class RecordsMiscounted(Exception):
    """The records that were read are not as many as those of which it is known what became of them."""


@dataclass(slots=True)
class ImportSummary:
    """What became of the records of a source. Each that was `read` is counted once more, in one of the four below it.

    `checked` are those of a dry run. `conflicts` are among the rejected. `events` are those written, of which a record may make
    several. `formats` counts the records of each, where each was read by the format of which it had the signs.
    """

    read: int = 0
    written: int = 0
    existing: int = 0
    rejected: int = 0
    exempt: int = 0
    checked: int = 0
    conflicts: int = 0
    events: int = 0
    secrets: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)

    @property
    def is_complete(self) -> bool:
        """Whether every record is in the trail."""
        return not self.rejected

    def add(self, other: "ImportSummary") -> None:
        """Count another source's records too."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def check_balance(self, seen: int) -> None:
        """Raises RecordsMiscounted unless it is known of every record that the reader saw what became of it."""
        answered = self.written + self.existing + self.rejected + self.exempt + self.checked
        if not seen == self.read == answered:
            raise RecordsMiscounted(
                f"Of {seen:,} records {self.read:,} were converted, and what became of {answered:,} is known; "
                "this is a fault of the import, please report it."
            )


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """A record that the trail did not take: why, the field at fault where one is named, and whether its id is taken.

    `format` is the name of that by which it was read, empty where it has the signs of none.
    """

    record: ForeignRecord
    reason: str
    field: str
    status: Literal["invalid", "conflict"]
    source: str = ""
    format: str = ""

    @property
    def place(self) -> str:
        """Where it stood, for a person."""
        return f"{self.source}, record {self.record.place:,}, line {self.record.line:,}, byte {self.record.offset:,}"


def import_records(
    trail: Trail,
    format: SourceFormat | None,
    records: Iterable[ForeignRecord],
    *,
    rejects: TextIO,
    source: str,
    dry_run: bool = False,
    months: MonthAllowance | None = None,
    on_read: Callable[[ForeignRecord], Any] = lambda record: None,
    on_rejected: Callable[[RejectedRecord], Any] = lambda rejected: None,
) -> ImportSummary:
    """Write a source's records. Raises TrailUnavailable or WriteRefused; running again then is safe.

    Without a format each record is read by that of which it has the signs.

    `months` bounds how many months they may open; TooManyMonths is raised before one too many.

    A record of which one event is not valid is rejected whole: it goes to `rejects` as a line of JSON, without its
    secrets, and to `on_rejected`.
    """
    run = _ImportRun(trail, format, rejects, source, dry_run, on_read, on_rejected)
    if dry_run:
        for _ in run.read_events(records):
            pass
        return run.summary
    events = run.read_events(records)
    for outcome in write_many(trail, months.limit(trail, events) if months else events):
        run.count_outcome(outcome)
    return run.summary


@dataclass(slots=True)
class _Pending:
    """A record of which events are under way: those of which nothing is known yet, and the worst outcome so far."""

    record: ForeignRecord
    remaining: deque[Event]
    outcome: Outcome | None = None


# Of the events that one record makes, the worst decides: that it is there again says nothing beside one that was written.
_FROM_BEST_TO_WORST = ("existing", "created", "conflict", "invalid")


@dataclass(slots=True)
class _ImportRun:
    trail: Trail
    format: SourceFormat | None
    rejects: TextIO
    source: str
    dry_run: bool
    on_read: Callable[[ForeignRecord], Any]
    on_rejected: Callable[[RejectedRecord], Any]
    summary: ImportSummary = field(default_factory=ImportSummary)
    # Outcomes come in the order of the events.
    pending: deque[_Pending] = field(default_factory=deque)

    def read_events(self, records: Iterable[ForeignRecord]) -> Iterator[Event]:
        """The events of the records, each checked; a record that makes none is rejected or passed over."""
        remaining = iter(records)
        while batch := _take_batch(remaining):
            converted = [(record, made) for record in batch if (made := self._convert(record))]
            for record, made in self._leave_out_earlier(converted):
                self.summary.secrets += made.secrets
                if self.dry_run:
                    self.summary.checked += 1
                    continue
                events = made.events
                self.pending.append(_Pending(record, deque(events)))
                yield from events

    def _convert(self, record: ForeignRecord) -> Converted | None:
        self.summary.read += 1
        self.on_read(record)
        format = self.format
        try:
            format = format or _detect_format(record)
            if format and record.value is not None and format.find_exemption(record.value):
                self.summary.exempt += 1
                return None
            if format is None:
                raise InvalidEvent("record", record.problem or "has the signs of no format that is known")
            made = convert_record(format, record)
        except InvalidEvent as error:
            if record.value is not None and is_empty_page(record.value) and not is_known_record(record.value):
                self.summary.exempt += 1
                return None
            self._reject(record, str(error), error.field, "invalid", format)
            return None
        if self.format is None:
            self.summary.formats[format.name] += 1
        return made

    def _leave_out_earlier(
        self, converted: list[tuple[ForeignRecord, Converted]]
    ) -> Iterator[tuple[ForeignRecord, Converted]]:
        """Leave out the records that are in the trail under an id of an earlier form, also of several in one envelope."""
        if self.dry_run:
            yield from converted
            return
        inner = [part for _, made in converted for part in made.records]
        looked_up = [(part, earlier_id) for part in inner for earlier_id in part.earlier_ids]
        stored = find_records(self.trail, [(earlier_id, part.events[0]) for part, earlier_id in looked_up])
        existing = {
            id(part)
            for (part, _), document in zip(looked_up, stored, strict=True)
            if document is not None and holds_same_record(document, part.events[0].document)
        }
        for record, made in converted:
            remaining = [part for part in made.records if id(part) not in existing]
            if remaining:
                yield record, replace(made, records=remaining)
            else:
                self.summary.existing += 1

    def count_outcome(self, outcome: Outcome) -> None:
        """Count the outcome of the next event, and of its record when it is the last of it."""
        pending = self.pending[0]
        event = pending.remaining.popleft()
        self.summary.events += outcome.status == "created"
        # A version of this console before converted it otherwise, or it came in another envelope.
        if outcome.is_same_record or (
            outcome.status == "conflict" and self._is_in_another_envelope(event, pending.record)
        ):
            outcome = Outcome(outcome.event_id, "existing")
        if pending.outcome is None or _rank(outcome) > _rank(pending.outcome):
            pending.outcome = outcome
        if not pending.remaining:
            self.pending.popleft()
            self._count_record(pending.record, pending.outcome)

    def _is_in_another_envelope(self, event: Event, record: ForeignRecord) -> bool:
        """Whether what is stored under an event's id was made of the same record, which stood in another envelope."""
        format = self.format or detect_format(record.value or {})
        (stored,) = find_records(self.trail, [(event.id, event)])
        return format is not None and stored is not None and is_same_inner_record(format, stored, event.document)

    def _count_record(self, record: ForeignRecord, outcome: Outcome) -> None:
        if outcome.status == "conflict" or outcome.status == "invalid":
            self.summary.conflicts += outcome.status == "conflict"
            format = self.format or detect_format(record.value or {})
            self._reject(record, outcome.reason, "", outcome.status, format)
        else:
            self.summary.written += outcome.status == "created"
            self.summary.existing += outcome.status == "existing"

    def _reject(
        self,
        record: ForeignRecord,
        reason: str,
        field: str,
        status: Literal["invalid", "conflict"],
        format: SourceFormat | None,
    ) -> None:
        """Count a rejected record and hand it on."""
        self.summary.rejected += 1
        self.summary.reasons[reason.partition(", got")[0][:120]] += 1
        # The file of rejects must not be where a secret survives.
        text = remove_secrets(record.text)[0].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        place = {"record": record.place, "line": record.line, "byte": record.offset}
        self.rejects.write(json.dumps({"source": self.source, **place, "reason": reason, "text": text}) + "\n")
        self.on_rejected(RejectedRecord(record, reason, field, status, self.source, format.name if format else ""))


def _detect_format(record: ForeignRecord) -> SourceFormat | None:
    try:
        return detect_format(record.value) if record.value is not None else None
    except ValueError as error:
        raise InvalidEvent("record", str(error)) from error


def _take_batch(records: Iterator[ForeignRecord]) -> list[ForeignRecord]:
    batch: list[ForeignRecord] = []
    size = 0
    for record in islice(records, BATCH):
        batch.append(record)
        size += len(record.text)
        if size > BATCH_CHARACTERS:
            break
    return batch


def _rank(outcome: Outcome) -> int:
    return _FROM_BEST_TO_WORST.index(outcome.status)
