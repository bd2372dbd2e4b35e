"""Starts runs, does their work step by step, cancels them and reads their results."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from django.db import transaction

from accounts.models import User
from core.connection import trail
from core.errors import Refused
from investigations.access import build_run_scope, build_scope
from investigations.audit import CaseAction, record, record_in_case
from investigations.models import Case, Run, RunChunk, SavedQueryVersion
from investigations.models.runs import CHUNK
from investigations.runs import jobs
from operations.incidents import services as incidents
from trail.errors import BadQuery, TrailUnavailable
from trail.first_seen import coverage
from trail.search import execute
from trail.search.bodies.query import build_query
from trail.search.engine import cancel_searches as cancel_in_engine
from trail.search.execute import Hit, IdBatch
from trail.search.spec import WHOLE_TRAIL, Scope, Search
from trail.times import format_datetime

# A run keeps what it finds; more than this is refused at the start, never cut off.
MAX_RESULTS = 5_000_000
FIRST_SEEN_PATIENCE = 10  # seconds that a run waits for first seen events to be known, before it is put back


@transaction.atomic
def start(
    *, search: Search, title: str, by: User, case: Case | None = None, version: SavedQueryVersion | None = None
) -> Run:
    """Queue a run. Its search is fixed to the present: what arrives later is another run's. Raises BadQuery."""
    now = datetime.now(UTC)
    fixed = search.resolved(now)
    if fixed.ingested_until is None:
        fixed = replace(fixed, ingested_until=format_datetime(now))
    build_query(fixed, build_scope(by))
    run = Run.objects.create(
        title=title[:200],
        search=fixed.to_json(),
        case=case,
        version=version,
        started_by=by,
        started_by_name=by.name or by.username,
    )
    labels = {"run": run.public_id, "search": _as_label(fixed), "query": str(version) if version else ""}
    if case is None:
        record(CaseAction.RUN_START, by=by, resource=("run", run.public_id), labels=labels)
    else:
        record_in_case(CaseAction.RUN_START, "started a background search", by=by, case=case, labels=labels)
    jobs.enqueue(run)
    return run


def _as_label(search: Search) -> str:
    return " ".join(f"{name}={value}" for name, values in search.to_query().items() for value in values)


def execute_run(pk: int) -> None:
    """What the worker does: claim the run, read what it finds into chunks, end it. Safe to call twice, by anyone."""
    run = jobs.claim(Run, pk)
    if run is None:
        return
    with suppress(jobs.LostClaim):
        try:
            _work(run)
        except BadQuery as error:
            jobs.fail(run, f"The search cannot be run: {error}")
        except TrailUnavailable as error:
            # A cancelled search fails in the engine, which looks like an outage from here.
            if jobs.is_cancel_requested(run):
                jobs.end_cancelled(run)
            else:
                incidents.record_trail_outage(error, writer="auditconsole", events=0)
                jobs.put_back(run, str(error))


def _work(run: Run) -> None:
    search, scope = Search.from_json(run.search), build_run_scope(run)
    if run.total is None:
        coverage.expect_coverage(trail(), search, patience=FIRST_SEEN_PATIENCE)
        total = execute.count(trail(), search, scope)
        if total > MAX_RESULTS:
            return jobs.fail(
                run, f"{total:,} events match, more than the {MAX_RESULTS:,} a run keeps. Narrow the search."
            )
        jobs.report_progress(run, total=total)
    for batch in execute.scan_ids(trail(), search, scope, batch=CHUNK, after=run.after, opaque_id=run.opaque_id):
        if jobs.is_cancel_requested(run):
            return jobs.end_cancelled(run)
        _keep_chunk(run, batch)
    if run.total is not None and run.done < run.total:
        # Events stay for ever, so what was counted can be read: something is wrong, and the result is not whole.
        return jobs.fail(run, f"Only {run.done:,} of the {run.total:,} events that were counted came; run it again.")
    if run.total is not None and run.done > run.total:
        # What had arrived and was not yet to be found when it was counted came with the rest: counted again it is there.
        jobs.report_progress(run, total=execute.count(trail(), search, scope))
    return jobs.finish(run)


@transaction.atomic
def _keep_chunk(run: Run, batch: IdBatch) -> None:
    """One chunk and the place after it, together or not at all: a chunk is never written twice."""
    start, number = run.done, run.chunks
    jobs.report_progress(run, done=start + len(batch.ids), chunks=number + 1, after=batch.after)
    RunChunk.objects.create(run=run, number=number, start=start, size=len(batch.ids), packed=RunChunk.pack(batch.ids))


def cancel(*, run: Run, by: User) -> None:
    """Stop a run, in the engine too. What it has found stays readable. Raises Refused when it is over."""
    with transaction.atomic():
        if not jobs.request_cancel(run, by=by):
            raise Refused("This run is over already.")
        record(
            CaseAction.RUN_CANCEL, by=by, case=run.case, resource=("run", run.public_id), labels={"run": run.public_id}
        )
    with suppress(TrailUnavailable):  # then the worker stops at its next step; the cancelling stands
        cancel_in_engine(trail(), run.opaque_id)


def read_results(run: Run, *, start: int, size: int) -> list[Hit]:
    """Some of a run's results in its order, from number `start` (from 0), as the trail holds them."""
    pairs: list[tuple[str, str]] = []
    chunks = run.chunk_rows.filter(start__lt=start + size, start__gt=start - CHUNK).order_by("number")
    for chunk in chunks:
        inside = slice(max(0, start - chunk.start), max(0, start + size - chunk.start))
        pairs += chunk.pairs()[inside]
    return read_events(pairs, build_run_scope(run))


def read_events(pairs: list[tuple[str, str]], scope: Scope) -> list[Hit]:
    """Results as the trail holds them, without what may no longer be found: whoever has left a case has left its record.

    Raises TrailUnavailable when the trail itself lacks one.
    """
    hits = execute.find_placed(trail(), pairs, scope)
    execute.fetch(trail(), [pair for pair in pairs if pair[1] not in hits], WHOLE_TRAIL)
    return [hits[event_id] for _, event_id in pairs if event_id in hits]


def find_places(pairs: list[tuple[str, str]], scope: Scope) -> dict[str, tuple[str, int]]:
    """The same without their documents: index and the engine's number of each, by its id."""
    numbers = execute.find_numbers(trail(), pairs, scope)
    execute.fetch(trail(), [pair for pair in pairs if pair[1] not in numbers], WHOLE_TRAIL)
    return numbers


def count_hidden(run: Run) -> int:
    """How many results of a run may no longer be found by whoever it is for. Raises ResultsLost, TrailUnavailable."""
    return sum(len(pairs) - len(find_places(pairs, build_run_scope(run))) for pairs in read_chunks(run))


class ResultsLost(Exception):
    """The chunks of a run hold fewer results than the run has kept."""


def read_chunks(run: Run) -> Iterator[list[tuple[str, str]]]:
    """The results of a run in its order, chunk by chunk. Raises ResultsLost at the end where some are missing."""
    number = 0
    for chunk in range(run.chunks):
        pairs = run.chunk_rows.get(number=chunk).pairs()
        number += len(pairs)
        yield pairs
    if number != run.done:
        raise ResultsLost(f"Only {number:,} of the {run.done:,} results of the run are there; run the search again.")


def read_in_turn(chunks: Iterable[list[tuple[str, str]]], scope: Scope) -> Iterator[list[Hit]]:
    """The events chunk by chunk, with the next already asked for while one is read: two are held, however many there are.

    The chunks themselves are read in the caller's thread, whose connection to the database is its own.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="run-results") as pool:
        under_way: Future[list[Hit]] | None = None
        for pairs in chunks:
            before, under_way = under_way, pool.submit(read_events, pairs, scope)
            if before:
                yield before.result()
        if under_way:
            yield under_way.result()
