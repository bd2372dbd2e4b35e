"""Checks the statements of a case bundle, so that only those come in that the pages of the console know how to show."""

import re
from typing import Any

from investigations.case_import.errors import BadCaseBundle
from investigations.case_import.fields import Fields
from investigations.models import Evidence
from investigations.presentation.statements import STATEMENTS, StatementKind
from trail.errors import TrailError
from trail.questions.statements import read_coverage
from trail.search.spec import Search

MOST_NAMED, LONGEST = 10_000, 100_000
_PUBLIC_ID = re.compile(r"[a-z0-9]{1,16}", re.ASCII)


def check_statement(statement: Any, kind_name: str, label: str) -> StatementKind:
    """The kind of a foreign statement, which is that of its evidence. Raises BadCaseBundle, which names the evidence."""
    fields = Fields.of(statement, f"the statement of {label}")
    kind = STATEMENTS.get(fields.text("format", 100))
    if kind is None or kind.kind != kind_name:
        raise BadCaseBundle(f"{label} is not of the kind that the case says.")
    try:
        read_coverage(statement)
        Search.from_query(statement["query"]["url"])
        _check_own(fields, kind)
        texts = (kind.write_sentence(statement), kind.find_time(statement), statement["range"]["words"])
        if not all(isinstance(text, str) for text in texts):
            raise TypeError
    except (TrailError, TypeError, KeyError, ValueError, AttributeError):
        raise BadCaseBundle(f"The statement of {label} is not one of this console's form.") from None
    return kind


def _check_own(fields: Fields, kind: StatementKind) -> None:
    """What the page of this kind shows beside what all have."""
    for name in ("asked_at", "left_out"):
        fields.text(name, LONGEST)
    fields.number("counted", 2**53)
    Fields.of(fields.row.get("asked_by"), fields.place).text("name", LONGEST)
    Fields.of(fields.row.get("query"), fields.place).text("words", LONGEST)
    if kind.kind == Evidence.Kind.RESULT_SET:
        ids = Fields.of(fields.row.get("ids"), fields.place)
        ids.text("sha256", 64, least=64)
        ids.text("algorithm", 1_000)
    if kind.kind == Evidence.Kind.FINDING:
        _check_finding(fields)


def _check_finding(fields: Fields) -> None:
    if not _PUBLIC_ID.fullmatch(fields.text("finding", 16)):
        raise fields.refuse("finding", "the name of a finding")
    for name in ("severity", "found_at"):
        fields.text(name, 100)
    fields.number("raised", 2**53)
    window = Fields.of(fields.row.get("window"), fields.place)
    window.text("from", 100)
    window.text("to", 100)
    for event in fields.rows("events", MOST_NAMED):
        event.text("id", 512, least=1)
        event.text("index", 512)
    rule, state = (Fields.of(fields.row.get(name), fields.place) for name in ("rule", "state"))
    rule.text("name", LONGEST)
    rule.text("words", LONGEST)
    rule.number("revision")
    if state.flag("acknowledged"):
        for name in ("by", "at", "verdict"):
            state.text(name, LONGEST)
