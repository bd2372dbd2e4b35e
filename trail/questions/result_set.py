"""States what a search found as a whole: how many events, and the digest of their ids; it is kept, proved, and asked again."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trail.connection import Trail
from trail.questions.id_digest import ALGORITHM, digest_ids
from trail.questions.statements import CountedSearch, Statement, build_search_statement
from trail.search import execute
from trail.search.spec import Scope, Search

FORMAT = "audit-trail-result-set/v1"
# Of more events than this only the count is asked again while a page waits.
MOST_AGAIN = 200_000


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """The same asked later: how many events, and whether their ids have the digest; None where that was too many to ask."""

    number: int
    same_ids: bool | None


class Changed(Exception):
    """The results and what the search finds now are not as many: how many each."""


def build_statement(
    counted: CountedSearch,
    ids: Iterable[str],
    *,
    run: str,
    by: dict[str, str],
    left_out: str,
    checkpoint: dict[str, Any] | None,
) -> Statement:
    """What is kept of the results of a `run`, whose search found as many just now. Raises Changed."""
    digest, number = digest_ids(ids)
    if number != counted.number:
        raise Changed(number, counted.number)
    statement = build_search_statement(counted, format=FORMAT, by=by, left_out=left_out, checkpoint=checkpoint)
    return statement | {"run": run, "ids": {"sha256": digest, "algorithm": ALGORITHM}}


def ask_again(trail: Trail, statement: Statement, within: Scope) -> AskedAgain:
    """Ask the same again, of what had arrived then. Raises TrailUnavailable, BadQuery."""
    search = Search.from_query(statement["query"]["url"])
    number = execute.count(trail, search, within)
    if number > MOST_AGAIN:
        return AskedAgain(number, None)
    batches = execute.scan_ids(trail, search, within)
    digest, _ = digest_ids(event_id for batch in batches for _, event_id in batch.ids)
    return AskedAgain(number, digest == statement["ids"]["sha256"])
