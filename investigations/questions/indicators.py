"""Asks about a list of indicators, keeps the answer for an hour for whoever asked, and writes it as rows and as CSV."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from django.core.cache import cache
from django.http import Http404

from accounts.models import User
from core.connection import trail
from core.csv import build_csv_lines
from investigations.access import build_scope
from investigations.audit import CaseAction, record_access
from investigations.questions import progress
from investigations.questions import services as questions
from trail.questions import indicators
from trail.questions.coverage import Coverage, Doubt
from trail.questions.indicator_list import Indicator, IndicatorKind, IndicatorList, LineProblem
from trail.questions.indicators import FieldOccurrence, IndicatorAnswer, IndicatorSightings

KEPT_FOR = timedelta(hours=1)
WORD_LENGTH = 16  # characters of the word by which the page of an answer is found
SEEN_COLUMNS = ("field", "events", "failures", "first", "last")
COLUMNS = ("indicator", "kind", "line", *SEEN_COLUMNS, "asked_at", "taken_in_up_to", "provisional")


@dataclass(frozen=True, slots=True)
class IndicatorAnswers:
    """The answer to a list, what of it could not be looked for, and the digest under which the asking is on record."""

    answers: tuple[IndicatorAnswer, ...]
    problems: tuple[LineProblem, ...]
    duplicates: int
    sha256: str
    never: int
    coverage: Coverage


def ask(listed: IndicatorList, *, by: User, key: str = "") -> IndicatorAnswers:
    """Looks for all of them. On record are the number and the digest alone. `key` names the search while it is under way.

    Raises TrailUnavailable, WriteRefused.
    """

    def look_up() -> IndicatorAnswers:
        sightings = indicators.look_up_indicators(
            trail(), listed.indicators, build_scope(by), now=datetime.now(UTC), opaque_id=progress.name_task(by, key)
        )
        return join_list(listed, sightings)

    return questions.ask(look_up, by=by, entry=questions.indicators_entry(listed))


def join_list(listed: IndicatorList, sightings: IndicatorSightings) -> IndicatorAnswers:
    """What was seen, beside what of the list could not be looked for."""
    return IndicatorAnswers(
        answers=sightings.answers,
        problems=listed.problems,
        duplicates=listed.duplicates,
        sha256=listed.digest(),
        never=sightings.never,
        coverage=sightings.coverage,
    )


def keep(answers: IndicatorAnswers, *, by: User) -> str:
    """Keeps an answer for an hour and returns the word by which its page is found. Raises redis.exceptions.RedisError."""
    word = token_urlsafe(WORD_LENGTH * 3 // 4)
    cache.set(_cache_key(by, word), asdict(answers), timeout=KEPT_FOR.total_seconds())
    return word


def find_kept(word: str, *, by: User) -> IndicatorAnswers:
    """What this person asked within the last hour; else 404, as for what never was."""
    stored = cache.get(_cache_key(by, word)) if len(word) == WORD_LENGTH else None
    if stored is None:
        raise Http404("This answer is no longer kept, or was never yours; ask again.")
    return _from_json(stored)


def _from_json(stored: dict[str, Any]) -> IndicatorAnswers:
    coverage, doubts = stored["coverage"], stored["coverage"]["doubts"]
    return IndicatorAnswers(
        **stored
        | {
            "answers": tuple(_answer_from_json(**answer) for answer in stored["answers"]),
            "problems": tuple(LineProblem(**problem) for problem in stored["problems"]),
            "coverage": Coverage(**coverage | {"doubts": tuple(Doubt(**doubt) for doubt in doubts)}),
        }
    )


def _answer_from_json(indicator: dict[str, Any], seen: list[dict[str, Any]]) -> IndicatorAnswer:
    kind = IndicatorKind(indicator["kind"])
    return IndicatorAnswer(Indicator(**indicator | {"kind": kind}), tuple(FieldOccurrence(**fields) for fields in seen))


def record_download(answers: IndicatorAnswers, *, by: User, format: str) -> None:
    """Records that an answer is taken away as a file. Raises TrailUnavailable, WriteRefused."""
    labels = {"sha256": answers.sha256, "format": format}
    record_access(CaseAction.INDICATORS_DOWNLOAD, by=by, resource=("indicators", answers.sha256), labels=labels)


def _cache_key(by: User, word: str) -> str:
    return f"indicators:{by.pk}:{word}"


# --- As rows


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """One indicator in one field where it was seen; one that never was is one row without a field."""

    indicator: Indicator
    seen: FieldOccurrence | None


SHOW: dict[str, Callable[[IndicatorRow], bool]] = {
    "all": lambda row: True,
    "seen": lambda row: row.seen is not None,
    "failed": lambda row: row.seen is not None and row.seen.failures > 0,
    "never": lambda row: row.seen is None,
}
# What never was comes last in every order but that of the list.
ORDERS: dict[str, Callable[[IndicatorRow], Any]] = {
    "list": lambda row: row.indicator.line,
    "indicator": lambda row: (row.indicator.kind, row.indicator.value),
    "events": lambda row: -(row.seen.events if row.seen else 0),
    "failures": lambda row: -(row.seen.failures if row.seen else -1),
    "first": lambda row: row.seen.first if row.seen else "~",
    "last": lambda row: _descending(row.seen.last if row.seen else ""),
}


def _descending(time: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in time.ljust(30, "\0"))


def list_rows(
    answers: IndicatorAnswers, *, show: str = "all", order: str = "list", containing: str = ""
) -> list[IndicatorRow]:
    """The rows of an answer by the names of SHOW and ORDERS; a handful for each of the list's indicators at most."""
    rows = (IndicatorRow(answer.indicator, seen) for answer in answers.answers for seen in (answer.seen or (None,)))
    folded = containing.casefold()
    matching = (row for row in rows if SHOW[show](row) and folded in row.indicator.value.casefold())
    return sorted(matching, key=ORDERS[order])


def file_lines(answers: IndicatorAnswers) -> Iterator[bytes]:
    """The answer as CSV; each row says what was searched, so that a single "never" can be quoted."""
    return build_csv_lines(COLUMNS, (_cells_of(row, answers.coverage) for row in list_rows(answers)))


def _cells_of(row: IndicatorRow, coverage: Coverage) -> tuple[str, ...]:
    indicator, seen = row.indicator, row.seen
    sightings = ("", "0", "0", "", "")
    if seen:
        sightings = (seen.field, str(seen.events), str(seen.failures), seen.first, seen.last)
    searched = (coverage.asked_at, coverage.ingested_until or "", "no" if coverage.whole else "yes")
    return (indicator.value, indicator.kind, str(indicator.line), *sightings, *searched)
