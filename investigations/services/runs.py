"""Runs: start one, do its work step by step, cancel it, read its results."""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from django.db import transaction

from accounts.journal import trail
from accounts.models import User
from investigations import tasks
from investigations.access import scope_of, scope_of_run
from investigations.errors import Refused
from investigations.journal import Action, record, record_in_case
from investigations.models import Case, Run, RunChunk, SavedQueryVersion
from investigations.models.runs import CHUNK
from investigations.services import jobs
from operations.services import incidents
from trail import novelty
from trail.errors import BadQuery, TrailUnavailable
from trail.moments import text_of
from trail.search import bodies, execute
from trail.search.execute import Hit
from trail.search.spec import WHOLE_TRAIL, Scope, Search
from trail.search.under_way import cancel as cancel_in_engine

# A run keeps what it finds; more than this is refused at the start, never cut off.
MAX_RESULTS = 5_000_000
FIRSTS_PATIENCE = 10  # seconds that a run waits for firsts to be known, before it is put back


@transaction.atomic
def start(
    *, search: Search, title: str, by: User, case: Case | None = None, version: SavedQueryVersion | None = None
) -> Run:
    """Queue a run. Its search is fixed to this moment: what arrives later is another run's. Raises BadQuery."""
    now = datetime.now(UTC)
    fixed = search.resolved(now)
    if fixed.ingested_until is None:
        fixed = replace(fixed, ingested_until=text_of(now))
    bodies.query(fixed, scope_of(by))
    run = Run.objects.create(
        title=title[:200], search=fixed.to_json(), case=case, version=version,
        started_by=by, started_by_name=by.name or by.username,
    )  # fmt: skip
    labels = {"run": run.public_id, "search": _as_label(fixed), "query": str(version) if version else ""}
    if case is None:
        record(Action.RUN_START, by=by, resource=("run", run.public_id), labels=labels)
    else:
        record_in_case(Action.RUN_START, "started a background search", by=by, case=case, labels=labels)
    jobs.enqueue(tasks.execute_run, run)
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
            if jobs.cancel_requested(run):
                jobs.end_cancelled(run)
            else:
                incidents.trail_failed(error, writer="auditconsole", events=0)
                jobs.put_back(run, str(error))


def _work(run: Run) -> None:
    search, scope = Search.from_json(run.search), scope_of_run(run)
    if run.total is None:
        novelty.expect(trail(), search, patience=FIRSTS_PATIENCE)
        total = execute.count(trail(), search, scope)
        if total > MAX_RESULTS:
            return jobs.fail(
                run, f"{total:,} events match, more than the {MAX_RESULTS:,} a run keeps. Narrow the search."
            )
        jobs.progress(run, total=total)
    for batch in execute.scan(trail(), search, scope, batch=CHUNK, after=run.after, opaque_id=run.opaque_id):
        if jobs.cancel_requested(run):
            return jobs.end_cancelled(run)
        _keep(run, batch)
    return jobs.finish(run, total=run.done)


@transaction.atomic
def _keep(run: Run, batch: execute.Batch) -> None:
    """One chunk and the place after it, together or not at all: a chunk is never written twice."""
    start, number = run.done, run.chunks
    jobs.progress(run, done=start + len(batch.hits), chunks=number + 1, after=batch.after)
    pairs = [(hit.index, hit.event_id) for hit in batch.hits]
    RunChunk.objects.create(run=run, number=number, start=start, size=len(pairs), packed=RunChunk.pack(pairs))


def cancel(*, run: Run, by: User) -> None:
    """Stop a run, in the engine too. What it has found stays readable. Raises Refused when it is over."""
    with transaction.atomic():
        if not jobs.request_cancel(run, by=by):
            raise Refused("This run is over already.")
        record(Action.RUN_CANCEL, by=by, case=run.case, resource=("run", run.public_id), labels={"run": run.public_id})
    with suppress(TrailUnavailable):  # then the worker stops at its next step; the cancelling stands
        cancel_in_engine(trail(), run.opaque_id)


def results(run: Run, *, start: int, size: int) -> list[Hit]:
    """Some of a run's results in its order, from number `start` (from 0), as the trail holds them."""
    pairs: list[tuple[str, str]] = []
    chunks = run.chunk_rows.filter(start__lt=start + size, start__gt=start - CHUNK).order_by("number")
    for chunk in chunks:
        inside = slice(max(0, start - chunk.start), max(0, start + size - chunk.start))
        pairs += chunk.pairs()[inside]
    return events(pairs, scope_of_run(run))


def events(pairs: list[tuple[str, str]], scope: Scope) -> list[Hit]:
    """Results as the trail holds them, without what may no longer be found: whoever has left a case has left its record.

    Raises TrailUnavailable when the trail itself lacks one.
    """
    found = execute.find_among(trail(), pairs, scope)
    execute.fetch(trail(), [pair for pair in pairs if pair[1] not in found], WHOLE_TRAIL)
    return [found[event_id] for _, event_id in pairs if event_id in found]


def places(pairs: list[tuple[str, str]], scope: Scope) -> dict[str, tuple[str, int]]:
    """The same without their documents: where the engine has them."""
    found = execute.numbers_among(trail(), pairs, scope)
    execute.fetch(trail(), [pair for pair in pairs if pair[1] not in found], WHOLE_TRAIL)
    return found


def chunks(run: Run) -> Iterator[list[tuple[str, str]]]:
    """The results of a run in its order, chunk by chunk."""
    return (run.chunk_rows.get(number=number).pairs() for number in range(run.chunks))


def in_turn(chunks: Iterable[list[tuple[str, str]]], scope: Scope) -> Iterator[list[Hit]]:
    """The events chunk by chunk, with the next already asked for while one is read: two are held, however many there are.

    The chunks themselves are read in the caller's thread, whose connection to the database is its own.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="run-results") as pool:
        under_way: Future[list[Hit]] | None = None
        for pairs in chunks:
            before, under_way = under_way, pool.submit(events, pairs, scope)
            if before:
                yield before.result()
        if under_way:
            yield under_way.result()


def resume_abandoned() -> int:
    """Queue again what a dead worker or a lost queue left behind; how many there were."""
    abandoned = jobs.due(Run)
    for pk in abandoned:
        tasks.execute_run.delay(pk)
    return len(abandoned)
