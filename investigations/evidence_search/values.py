"""Reads which fields and values the evidence of a case has, from its facts and its frozen copies."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

from accounts.models import User
from core.errors import Busy
from investigations.admission import admit_question
from investigations.evidence_search.counts import count_commonest
from investigations.models import Case, Evidence
from investigations.search.completion import CompletionSource, Option, ReadOptions, may_be_typed
from investigations.timeline.facts import COLUMNS
from trail.documents import get
from trail.search.language import caret
from trail.search.language.caret import FieldName, Spot
from trail.search.language.escapes import quote
from trail.search.spec import Search

MOST = 12
# Copies that are parsed for a field that no fact holds, and for the names of fields.
READ, READ_FOR_NAMES = 1_000, 200


def build_source(case: Case) -> CompletionSource:
    """The case as the source of what is offered while somebody types: nothing else is asked, and no trail."""

    def read_values(by: User, spot: Spot, search: Search) -> tuple[list[Option], str]:
        counts, note = count_values(case, caret.asked_of_the_trail(spot.field or "") or "", spot.prefix)
        return [Option("value", value, quote(value), "", count) for value, count in counts], note

    def read_names(by: User, spot: Spot, search: Search) -> tuple[list[Option], str]:
        names = Counter(
            name
            for document in _read_copies(case, READ)
            for name in list_names(document)
            if name.casefold().startswith(spot.prefix.casefold()) and may_be_typed(name)
        )
        options = [
            Option("field", name, f"{name}:", "", count, goes_on=True) for name, count in names.most_common(MOST)
        ]
        return options, _note_of_sample(case)

    def order_names(names: list[FieldName]) -> list[FieldName]:
        present = list_present_fields(case)
        return sorted(names, key=lambda name: name.name not in present)

    return CompletionSource(_read_in_turn(read_values), _read_in_turn(read_names), order_names)


def _read_in_turn(read: ReadOptions) -> ReadOptions:
    """As many at once as a person may ask; nothing, and why, where as many are under way."""

    def read_in_turn(by: User, spot: Spot, search: Search) -> tuple[list[Option], str]:
        try:
            with admit_question(by):
                return read(by, spot, search)
        except Busy as busy:
            return [], busy.sentence

    return read_in_turn


def count_values(case: Case, field: str, typed: str) -> tuple[list[tuple[str, int]], str]:
    """The commonest values of a field that begin as typed, each with how many events have it; and of how many that was counted
    where it was not of all. At most four queries."""
    if column := COLUMNS.get(field):
        return list(count_commonest(case.facts.not_withdrawn(), column, MOST, typed).values), ""
    counts = Counter(
        value
        for document in _read_copies(case, READ)
        for value in {*_to_texts(get(document, field))}
        if value.casefold().startswith(typed.casefold())
    )
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:MOST], _note_of_sample(case)


def list_present_fields(case: Case) -> frozenset[str]:
    """The fields that the first events of the case have. One query."""
    return frozenset(name for document in _read_copies(case, READ_FOR_NAMES) for name in list_names(document))


def list_names(document: dict[str, Any], before: str = "") -> Iterator[str]:
    """The dotted name of each value of a document."""
    for part, value in document.items():
        name = f"{before}{part}"
        if isinstance(value, dict):
            yield from list_names(value, f"{name}.")
        else:
            yield name


def _read_copies(case: Case, most: int) -> Iterator[dict[str, Any]]:
    """The first events in the order of time, one after the other."""
    rows = case.evidence.not_withdrawn().filter(kind=Evidence.Kind.EVENT).in_time_order()
    for frozen in rows.values_list("frozen", flat=True)[:most].iterator(chunk_size=100):
        yield orjson.loads(bytes(frozen))


def _to_texts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [_to_text(each) for each in values if each is not None and not isinstance(each, dict)]


def _to_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _note_of_sample(case: Case) -> str:
    number = case.evidence.not_withdrawn().filter(kind=Evidence.Kind.EVENT).count()
    return f"As the first {READ:,} of {number:,} events of this case have it." if number > READ else ""
