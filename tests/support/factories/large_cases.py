"""Cases with very much in them, made of one event that is varied: pinned without the trail."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import connection
from django.db.models import BinaryField, DateTimeField, Field, JSONField, Model

from accounts.models import User
from investigations.entities.services import count_entities
from investigations.evidence.records import add_evidence
from investigations.models import Case, Evidence, EvidenceFact
from investigations.timeline.facts import build_fact
from tests.support.factories.events import event
from trail.search.execute import sortable_time
from trail.times import SECOND, format_time, parse_time

BEGIN = parse_time("2026-08-01T00:00:00Z")
AT_ONCE = 1_000
NOW = datetime(2026, 11, 1, tzinfo=UTC)
# Three months, whatever the number.
SPAN = 92 * 86_400 * SECOND
_ID, _TIME = "big-", "2026-01-01T00:00:00Z"
_FROZEN = orjson.dumps(
    event(
        id=_ID,
        at=_TIME,
        token__operation="token.authorize",
        token__id="token-",
        token__kind="user",
        user__id="user-",
        source__ip="203.0.113.1",
        service__name="secrets",
        resource__type="secret",
        resource__id="resource-",
        event__outcome="outcome-",
    )
).decode()


def fill_case(case: Case, by: User, number: int) -> None:
    """Pin so many events: runs of 40 that are alike, of 300 tokens, 50 users, 90 addresses; each ninth run was denied.

    The first AT_ONCE are added as any evidence is; the others are rows as these, without the time that models take.
    """
    first = [_build(case, by, each, number) for each in range(1, min(AT_ONCE, number) + 1)]
    add_evidence(case, first)
    others = [_build(case, by, each, number) for each in range(len(first) + 1, number + 1)]
    _insert(Evidence, others)
    last = Evidence.objects.filter(case=case, number=len(first)).values_list("pk", flat=True).get()
    for place, each in enumerate(others, start=1):
        each.pk = last + place
    _insert(EvidenceFact, [fact for each in others if (fact := build_fact(each))])
    count_entities(case, (each.document for each in others), by=1)
    _analyze()


def _analyze() -> None:
    """What PostgreSQL does by itself once rows are committed, which those of a test never are."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {Evidence._meta.db_table}, {EvidenceFact._meta.db_table}")


def _insert(model: type[Model], rows: Sequence[Model]) -> None:
    fields = [field for field in model._meta.concrete_fields if field.attname != "id"]
    names = ", ".join(f'"{field.column}"' for field in fields)
    places = ", ".join(["%s"] * len(fields))
    prepare = [(lambda value: value) if isinstance(field, BinaryField) else _prepare(field) for field in fields]
    values = ([turn(getattr(row, field.attname)) for turn, field in zip(prepare, fields, strict=True)] for row in rows)
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {model._meta.db_table} ({names}) VALUES ({places})", values)


def _prepare(field: "Field[Any, Any]") -> Callable[[Any], Any]:
    if isinstance(field, JSONField | DateTimeField):
        return lambda value: field.get_db_prep_save(NOW if field.attname == "pinned_at" else value, connection)
    return lambda value: value


def _build(case: Case, by: User, number: int, of: int) -> Evidence:
    run = number // 40
    time = format_time(BEGIN + SPAN * number // of)
    varied = (
        (_ID, f"big-{case.pk}-{number:06d}"),
        (_TIME, time),
        ("token-", f"tok_{run % 300}"),
        ("user-", f"usr_{run % 50}"),
        ("203.0.113.1", f"203.0.113.{run % 90}"),
        ("resource-", f"secret_{number % 1000}"),
        ("outcome-", "failure" if run % 9 == 0 else "success"),
    )
    frozen = _FROZEN
    for old, new in varied:
        frozen = frozen.replace(old, new)
    return Evidence(
        case=case,
        number=number,
        event_id=varied[0][1],
        event_index="trail-2026.08",
        event_timestamp=time,
        event_place=sortable_time(time),
        frozen=frozen.encode(),
        digest="0" * 64,
        leaf=number,
        reason="The whole result",
        pinned_by=by,
        pinned_by_name=by.name,
    )
