"""Reads what was entered by hand, and clock skews, of a case bundle, and writes them as those of the case here."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from investigations.case_import.fields import MOST_NUMBERED, MOST_VERSIONS, Fields, NameOf
from investigations.clock_skews.offsets import MOST
from investigations.manual_events.services import ManualEventWords
from investigations.models import Case, ClockSkew, ManualEvent, ManualEventVersion, Phase
from trail.search.execute import sortable_time
from trail.times import is_event_time

_WORDS = tuple(field.name for field in fields(ManualEventWords))


def read_manual_event(row: Fields) -> dict[str, Any]:
    """A hand-made event with its versions. Raises BadCaseBundle."""
    versions = [_read_version(each) for each in row.rows("versions", MOST_VERSIONS)]
    if not versions:
        raise row.refuse("versions", "a list with a version in it")
    return {
        "number": row.number("number", MOST_NUMBERED),
        "created_by": row.text("created_by", 200),
        "created_at": row.time("created_at"),
        "versions": versions,
        **_read_withdrawal(row),
    }


def _read_version(row: Fields) -> dict[str, Any]:
    return {
        "kind": row.text("kind", 20, choices=ManualEvent.Kind.values),
        "title": row.text("title", 300, least=1),
        "starts": _read_time(row, "starts"),
        "ends": _read_time(row, "ends") if row.text("ends", 40) else "",
        "phase": row.text("phase", 30, choices=("", *Phase.values)),
        "details": row.text("details", 5_000),
        "by": row.text("by", 200),
        "at": row.time("at"),
    }


def _read_time(row: Fields, name: str) -> str:
    text = row.text(name, 40)
    if not is_event_time(text):
        raise row.refuse(name, "a time as events have it")
    return text


def _read_withdrawal(row: Fields) -> dict[str, Any]:
    withdrawn = row.object_or_none("withdrawn")
    if withdrawn is None:
        return {"withdrawn_at": None, "withdrawn_by": "", "withdrawn_reason": ""}
    reason = withdrawn.text("reason", 2_000) if "reason" in withdrawn.row else ""
    return {"withdrawn_at": withdrawn.time("at"), "withdrawn_by": withdrawn.text("by", 200), "withdrawn_reason": reason}


def read_clock_skew(row: Fields) -> dict[str, Any]:
    """A clock skew. Raises BadCaseBundle."""
    offset = row.row.get("offset_ns")
    if type(offset) is not int or not -MOST <= offset <= MOST:
        raise row.refuse("offset_ns", "a number of nanoseconds of at most 400 days")
    return {
        "field": row.text("source_field", 20, choices=ClockSkew.Field.values),
        "value": row.text("source", 512, least=1),
        "offset": offset,
        "reason": row.text("reason", 500),
        "created_by": row.text("created_by", 200),
        "created_at": row.time("created_at"),
        **_read_withdrawal(row),
    }


def write_manual_events(case: Case, rows: Sequence[dict[str, Any]], name: NameOf) -> None:
    """Each as its last version reads, and all versions."""
    events = [_build_event(case, row, name) for row in rows]
    ManualEvent.objects.bulk_create(events)
    ManualEventVersion.objects.bulk_create(
        ManualEventVersion(
            event=event,
            number=number,
            words={word: version[word] for word in _WORDS},
            by_name=name(version["by"]),
            at=version["at"],
        )
        for event, row in zip(events, rows, strict=True)
        for number, version in enumerate(row["versions"], start=1)
    )


def _build_event(case: Case, row: dict[str, Any], name: NameOf) -> ManualEvent:
    latest = row["versions"][-1]
    return ManualEvent(
        case=case,
        number=row["number"],
        place=sortable_time(latest["starts"]),
        revision=len(row["versions"]),
        created_by_name=name(row["created_by"]),
        created_at=row["created_at"],
        withdrawn_at=row["withdrawn_at"],
        withdrawn_by_name=name(row["withdrawn_by"]),
        withdrawn_reason=row["withdrawn_reason"],
        **{word: latest[word] for word in _WORDS},
    )


def write_clock_skews(case: Case, rows: Sequence[dict[str, Any]], name: NameOf) -> None:
    """Those of the case; of a source that has two which are not withdrawn, the first."""
    ClockSkew.objects.bulk_create(
        (
            ClockSkew(
                case=case,
                field=row["field"],
                value=row["value"],
                offset=row["offset"],
                reason=row["reason"],
                created_by_name=name(row["created_by"]),
                created_at=row["created_at"],
                withdrawn_at=row["withdrawn_at"],
                withdrawn_by_name=name(row["withdrawn_by"]),
            )
            for row in rows
        ),
        ignore_conflicts=True,
    )
