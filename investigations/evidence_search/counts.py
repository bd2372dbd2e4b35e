"""Counts the commonest values of a field among pinned events by SQL, with the further ones of events that have several."""

from dataclasses import dataclass
from typing import Any

from django.db.models import (
    BooleanField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Window,
)
from django.db.models.functions import Coalesce, Length

from investigations.models import EvidenceFact
from investigations.timeline.fact_lifeline import Facts
from investigations.timeline.facts import LONGEST, SEVERAL, select_further_values

_LENGTHS = {field.name: field.max_length or 0 for field in EvidenceFact._meta.fields}


@dataclass(frozen=True, slots=True)
class FieldCounts:
    """The commonest values, each with how many events have it. `events` is how many have any; `others` how often another one
    stands in an event."""

    values: tuple[tuple[str, int], ...]
    events: int
    others: int


class _Sum(Func):
    """A sum over groups, which Sum is not: it is of rows alone."""

    function = "SUM"
    window_compatible = True
    output_field = IntegerField()


def count_commonest(facts: Facts, column: str, most: int, typed: str = "") -> FieldCounts:
    """The values of a column of these facts that begin as `typed`, in any case. One query, and one more for a column whose field
    may have several values, where two more follow if an event has.

    A value as long as its column may be the beginning of a longer one, which a search would not find: it is among the others.
    """
    valued = facts.order_by().filter(**{f"{column}__gt": ""})
    further = select_further_values(facts, column)
    if typed:
        valued = valued.filter(**{f"{column}__istartswith": typed})
        further = further.filter(value__istartswith=typed)
    if column not in SEVERAL.values() or not further.exists():
        rows = _read_commonest(valued, column, most, Count("time"))
        return _build_counts(rows, rows[0][3] if rows else 0, most)
    same = (
        further.filter(value=OuterRef(column)).order_by().values("value").annotate(number=Count("pk")).values("number")
    )
    rows = _read_commonest(valued, column, most, Count("time") + Coalesce(Subquery(same), 0))
    alone = further.filter(~Exists(valued.filter(**{column: OuterRef("value")}))).order_by()
    rows += _read_commonest(alone, "value", most, Count("pk"))
    events = valued.count()
    return _build_counts(rows, events, most, events + further.count())


def _read_commonest(rows: "QuerySet[Any]", column: str, most: int, number: Any) -> list[tuple[str, bool, int, int]]:
    """Each value, whether it may be cut, its number, and the sum of the numbers of all; those that may be cut stand last."""
    longest = _LENGTHS.get(column) or LONGEST
    is_cut = ExpressionWrapper(Q(length__gte=longest), output_field=BooleanField())
    grouped = rows.annotate(length=Length(column), is_cut=is_cut).values_list(column, "is_cut").annotate(number=number)
    summed = grouped.annotate(whole=Window(_Sum(F("number"))))
    return list(summed.order_by("is_cut", "-number", column)[:most])


def _build_counts(
    rows: list[tuple[str, bool, int, int]], events: int, most: int, occurrences: int | None = None
) -> FieldCounts:
    whole = sorted(
        ((value, number) for value, is_cut, number, _ in rows if not is_cut), key=lambda each: (-each[1], each[0])
    )
    shown = tuple(whole[:most])
    occurrences = events if occurrences is None else occurrences
    return FieldCounts(shown, events, occurrences - sum(number for _, number in shown))
