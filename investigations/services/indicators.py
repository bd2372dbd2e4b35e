"""Ask of a list of indicators and keep the answer for an hour for whoever asked. On record are its number and digest alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from secrets import token_urlsafe
from typing import Any

from django.core.cache import cache
from django.http import Http404

from accounts.journal import trail
from accounts.models import User
from investigations.access import scope_of
from investigations.exports.csv import defused
from investigations.journal import Action, record
from investigations.services import searches
from investigations.services.coverage import with_doubts
from trail import indicators
from trail.coverage import Coverage
from trail.indicators import Answer, Indicator, Listed, Problem, Seen, Sightings

KEPT_FOR = timedelta(hours=1)
COLUMNS = (
    "indicator",
    "kind",
    "line",
    "field",
    "events",
    "failures",
    "first",
    "last",
    "asked_at",
    "taken_in_up_to",
    "provisional",
)


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a list, what of it could not be looked for, and the digest under which the asking is on record."""

    answers: tuple[Answer, ...]
    problems: tuple[Problem, ...]
    duplicates: int
    sha256: str
    never: int
    coverage: Coverage


def ask(listed: Listed, *, by: User, key: str = "") -> Result:
    """Look for all of them, and put on record that somebody did. `key` names it while it is under way.

    Raises TrailUnavailable, WriteRefused.
    """
    found = indicators.look_up(
        trail(), listed.indicators, scope_of(by), now=datetime.now(UTC), opaque_id=searches.opaque_id(by, key)
    )
    result = answered(listed, replace(found, coverage=with_doubts(found.coverage)))
    labels = {"count": str(len(listed.indicators)), "sha256": result.sha256}
    record(Action.INDICATORS, by=by, resource=("indicators", result.sha256), labels=labels)
    return result


def answered(listed: Listed, found: Sightings) -> Result:
    """What was found, beside what was said of the list."""
    return Result(
        answers=found.answers, problems=listed.problems, duplicates=listed.duplicates, sha256=listed.digest(),
        never=found.never, coverage=found.coverage,
    )  # fmt: skip


def keep(result: Result, *, by: User) -> str:
    """Keep it for an hour; the word by which its page is found. Raises redis.exceptions.RedisError."""
    word = token_urlsafe(12)
    cache.set(_place(by, word), result, timeout=KEPT_FOR.total_seconds())
    return word


def kept(word: str, *, by: User) -> Result:
    """What this person asked within the last hour; else 404, as for what never was."""
    found = cache.get(_place(by, word))
    if not isinstance(found, Result):
        raise Http404("This answer is no longer kept, or was never yours; ask again.")
    return found


def _place(by: User, word: str) -> str:
    return f"indicators:{by.pk}:{word}"


# --- As rows


@dataclass(frozen=True, slots=True)
class Row:
    """One indicator in one field where it was seen; one that never was is one row without a field."""

    indicator: Indicator
    seen: Seen | None


SHOW: dict[str, Callable[[Row], bool]] = {
    "all": lambda row: True,
    "seen": lambda row: row.seen is not None,
    "failed": lambda row: row.seen is not None and row.seen.failures > 0,
    "never": lambda row: row.seen is None,
}
# What never was comes last in every order but that of the list.
ORDERS: dict[str, Callable[[Row], Any]] = {
    "list": lambda row: row.indicator.line,
    "indicator": lambda row: (row.indicator.kind, row.indicator.value),
    "events": lambda row: -(row.seen.events if row.seen else 0),
    "failures": lambda row: -(row.seen.failures if row.seen else -1),
    "first": lambda row: row.seen.first if row.seen else "~",
    "last": lambda row: _backwards(row.seen.last if row.seen else ""),
}


def _backwards(time: str) -> tuple[int, ...]:
    return tuple(-ord(letter) for letter in time.ljust(30, "\0"))


def rows(result: Result, *, show: str = "all", order: str = "list", containing: str = "") -> list[Row]:
    """The rows that are asked for; at most a handful of fields for each of the list's indicators, so it fits in memory."""
    every = (Row(one.indicator, seen) for one in result.answers for seen in (one.seen or (None,)))
    wanted = containing.casefold()
    found = (row for row in every if SHOW[show](row) and wanted in row.indicator.value.casefold())
    return sorted(found, key=ORDERS[order])


def csv_lines(result: Result) -> Iterator[bytes]:
    """RFC 4180, safe for spreadsheets; each row says what was searched, so that a single "never" can be quoted."""
    covered = result.coverage
    yield _line(COLUMNS)
    for row in rows(result):
        one, seen = row.indicator, row.seen
        told = (
            (seen.field, str(seen.events), str(seen.failures), seen.first, seen.last)
            if seen
            else ("", "0", "0", "", "")
        )
        yield _line((
            one.value, one.kind, str(one.line), *told, covered.asked_at, covered.ingested_until or "",
            "no" if covered.whole else "yes",
        ))  # fmt: skip


def _line(cells: tuple[str, ...]) -> bytes:
    quoted = ('"{}"'.format(defused(cell).replace('"', '""')) for cell in cells)
    return f"{','.join(quoted)}\r\n".encode()
