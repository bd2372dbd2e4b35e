"""Pins all results of a run to a case in the background, step by step, and says at the end whether all of them are there."""

from contextlib import suppress

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from core.errors import Refused
from investigations import access
from investigations.audit import CaseAction, record_in_case
from investigations.cases.errors import CaseClosed
from investigations.cases.services import hold_open
from investigations.evidence import custody
from investigations.evidence.custody import Origin
from investigations.evidence.services import (
    PinOrigin,
    PinWords,
    add_events,
    describe_question,
    expect_words,
    record_pins,
)
from investigations.models import Case, PinBatch, Run
from investigations.presentation.counts import count_events
from investigations.runs import jobs
from investigations.runs import services as runs
from operations.incidents import services as incidents
from trail.errors import TrailUnavailable
from trail.questions.id_digest import digest_ids
from trail.search.spec import Search

# Events of one transaction: on SQLite nobody else writes meanwhile.
STEP = 500
# Events of a batch that speak to a hypothesis: its pages name each piece of its evidence.
MOST_LINKED = 10_000
_TOO_MANY = (
    f"At most {MOST_LINKED:,} events of a result speak to a question one by one: pin all without it, pin the result set, and let"
    " that speak to it."
)
# Seconds for which a batch waits for its run, before it looks again by itself: the end of the run wakes it.
RUN_PATIENCE = 20
State = PinBatch.State


class _Stopped(Exception):
    """It may not go on; the words are the sentence that people read."""


@transaction.atomic
def start(*, case: Case, run: Run, by: User, words: PinWords) -> PinBatch:
    """Queue the pinning of all that a run finds, each with these words; a run that is not over yet is waited for.

    Raises Refused for a run that failed, was cancelled, found nothing, or is being pinned to the case already, and for a question
    of another case, or of too many events; CaseClosed.
    """
    expect_words(case, words)
    hold_open(case)
    if run.is_over and run.state != State.FINISHED:
        raise Refused("This run did not finish, so its results are not all of them; run the search again.")
    if run.is_over and not run.done:
        raise Refused("This run found nothing, so there is nothing to pin.")
    if run.is_over and words.hypothesis is not None and run.done > MOST_LINKED:
        raise Refused(_TOO_MANY, "question")
    if case.pin_batches.filter(run=run, state__in=(State.QUEUED, State.RUNNING)).exists():
        raise Refused("All results of this run are being pinned to this case already.")
    origin = custody.read_origin()
    batch = PinBatch.objects.create(
        case=case,
        run=run,
        reason=words.reason.strip(),
        relevance=words.relevance,
        tags=words.tags,
        hypothesis=words.hypothesis,
        speaks_for=words.speaks_for,
        address=origin.address,
        client=origin.client,
        started_by=by,
        started_by_name=by.name or by.username,
    )
    summary = f"began to pin all results of {run.name_in(case)}"
    labels = {"batch": batch.public_id, "run": run.public_id}
    if words.hypothesis is not None:
        labels["hypotheses"] = f"{'for' if words.speaks_for else 'against'} {words.hypothesis.number}"
    batch.event_id = record_in_case(CaseAction.PIN_BATCH_START, summary, by=by, case=case, labels=labels)
    batch.save(update_fields=["event_id"])
    jobs.enqueue(batch)
    return batch


@transaction.atomic
def start_from_search(*, case: Case, search: Search, title: str, by: User, words: PinWords) -> PinBatch:
    """Queue a run of the search in the case, which makes it absolute and binds it to what has arrived, and pin all it finds.

    Raises as `start`, and BadQuery.
    """
    run = runs.start(search=search, title=title, by=by, case=case)
    return start(case=case, run=run, by=by, words=words)


def pin_results(pk: int) -> None:
    """What the worker does: claim the batch, pin the run's results step by step, end it. Safe to call twice, by anyone."""
    batch = jobs.claim(PinBatch, pk, _record_failure)
    if batch is None:
        return
    with suppress(jobs.LostClaim):
        try:
            _work_or_fail(batch)
        except TrailUnavailable as error:
            incidents.record_trail_outage(error, writer="auditconsole", events=0)
            jobs.put_back(batch, str(error), _record_failure)


def wake_waiting() -> None:
    """Queue again the batches that wait for a run which is over by now."""
    waiting = PinBatch.objects.filter(state=State.QUEUED, run__state__in=Run.ENDED, not_before__gt=timezone.now())
    for batch in waiting.filter(attempts=0)[:50]:
        PinBatch.objects.filter(pk=batch.pk, state=State.QUEUED).update(not_before=timezone.now())
        jobs.enqueue(batch)


def _work_or_fail(batch: PinBatch) -> None:
    try:
        _work(batch)
    except CaseClosed:
        _fail(batch, "The case was closed meanwhile.")
    except (_Stopped, runs.ResultsLost) as error:
        _fail(batch, str(error))


def _work(batch: PinBatch) -> None:
    run = batch.run
    if not run.is_over:
        jobs.wait(batch, seconds=RUN_PATIENCE)
        return wake_waiting()  # it may have ended since it was read
    if run.state != State.FINISHED:
        # What was wrong with a search quotes it.
        problem = run.problem if run.is_named_in(batch.case) else ""
        raise _Stopped(f"The search did not finish, so nothing is pinned from it. {problem}".strip())
    if batch.total is None:
        if (run.chunk_rows.aggregate(size=Sum("size"))["size"] or 0) != run.done:
            raise _Stopped("Some results of the run are not there any more; run the search again.")
        if batch.hypothesis is not None and run.done > MOST_LINKED:
            raise _Stopped(_TOO_MANY)
        jobs.report_progress(batch, total=run.done)
    while batch.steps < run.chunks:
        if jobs.is_cancel_requested(batch):
            return _end_cancelled(batch)
        _pin_step(batch)
    return _finish(batch)


def _pin_step(batch: PinBatch) -> None:
    """Pin some of a chunk of the run: their evidence, its custody and the place after it, together or not at all."""
    _expect_right(batch)
    pairs = _order_chunk(batch)
    part = pairs[batch.place : batch.place + STEP]
    hits = runs.read_events(part, access.build_scope(batch.started_by))
    by_event = dict.fromkeys((hit.event_id for hit in hits), _read_words(batch))
    origin = PinOrigin(Search.from_json(batch.run.search), batch.run)
    place = batch.place + len(part)
    is_done = place >= len(pairs)
    with transaction.atomic():
        hold_open(batch.case)
        new = add_events(batch.case, hits, by_event, origin, batch.started_by)
        asked_from = Origin(batch.address, batch.client)
        record_pins(batch.case, new, by_event, by=batch.started_by, event_id=batch.event_id, origin=asked_from)
        jobs.report_progress(
            batch,
            steps=batch.steps + is_done,
            place=0 if is_done else place,
            done=batch.done + len(hits),
            pinned=batch.pinned + len(new),
            already=batch.already + len(hits) - len(new),
        )


def _read_words(batch: PinBatch) -> PinWords:
    return PinWords(batch.reason, batch.relevance, batch.tags, batch.hypothesis, batch.speaks_for)


def _order_chunk(batch: PinBatch) -> list[tuple[str, str]]:
    """The chunk whose turn it is, from its last event on where the run begins with the newest: evidence is numbered in time."""
    pairs = batch.run.chunk_rows.get(number=_choose_chunk(batch)).pairs()
    return pairs[::-1] if _is_newest_first(batch) else pairs


def _choose_chunk(batch: PinBatch) -> int:
    """From the end where the run begins with the newest."""
    return batch.run.chunks - 1 - batch.steps if _is_newest_first(batch) else batch.steps


def _is_newest_first(batch: PinBatch) -> bool:
    return Search.from_json(batch.run.search).sort == ("@timestamp", "desc")


def _expect_right(batch: PinBatch) -> None:
    """Raises _Stopped where who asked for it may not write to the case any more, CaseClosed where that is closed."""
    user = User.objects.get(pk=batch.started_by_id)
    case = Case.objects.get(pk=batch.case_id)
    if not case.is_open:
        raise CaseClosed
    if not user.is_active or not access.may_write(user, case):
        raise _Stopped(f"{batch.started_by_name} may not write to this case any more.")
    batch.started_by, batch.case = user, case


def _finish(batch: PinBatch) -> None:
    """End it, on record with the digest of all ids; as failed where what is in the case is not what was found."""
    if batch.done != batch.total:
        lacking = (batch.total or 0) - batch.done
        raise _Stopped(f"{count_events(lacking)} of the run could not be found by {batch.started_by_name} any more.")
    jobs.keep_claim(batch)
    digest, number = digest_ids(event_id for pairs in runs.read_chunks(batch.run) for _, event_id in pairs)
    if number != batch.total:
        raise _Stopped("Some results of the run are not there any more; run the search again.")
    summary = f"pinned {count_events(batch.pinned)} of {_name_run(batch)}; {batch.already:,} had been pinned before"
    if question := describe_question(_read_words(batch)):
        summary = f"{summary}; what was pinned now {question}" + (
            ", what was before stays as it was" * bool(batch.already)
        )
    with transaction.atomic():
        _record_end(batch, summary, {"ids_sha256": digest})
        jobs.finish(batch, ids_digest=digest)


def _fail(batch: PinBatch, reason: str) -> None:
    """End it as failed, on record. What was pinned stays. Raises LostClaim."""
    left = f"{count_events(batch.pinned)} had been pinned by then and stay." if batch.pinned else "Nothing was pinned."
    jobs.end_on_record(batch, f"{reason} {left}", _record_failure)


def _record_failure(batch: PinBatch, sentence: str) -> None:
    _record_end(batch, f"could not pin all results of {_name_run(batch)}: {sentence}", {"failed": sentence})


def _end_cancelled(batch: PinBatch) -> None:
    with transaction.atomic():
        _record_end(batch, f"stopped after {count_events(batch.pinned)} of {_name_run(batch)} were pinned", {})
        jobs.end_cancelled(batch)


def _name_run(batch: PinBatch) -> str:
    return batch.run.name_in(batch.case)


def _record_end(batch: PinBatch, summary: str, labels: dict[str, str]) -> None:
    counts = {"batch": batch.public_id, "run": batch.run.public_id, "pinned": str(batch.pinned)}
    counts |= {"already": str(batch.already), "count": str(batch.done)}
    if question := describe_question(_read_words(batch)):
        counts |= {"hypotheses": question, "linked": str(batch.pinned)}  # what was there before is not linked
    record_in_case(CaseAction.PIN_BATCH_END, summary, by=batch.started_by, case=batch.case, labels=counts | labels)


@transaction.atomic
def cancel(*, batch: PinBatch, by: User) -> None:
    """Stop a batch. What it has pinned stays. Raises Refused when it is over."""
    # As a step does: the case before the batch, else each may wait for what the other holds. A closed case is no reason to go on.
    Case.objects.select_for_update().get(pk=batch.case_id)
    if not jobs.request_cancel(batch, by=by):
        raise Refused("This is over already.")
    summary = f"asked to stop pinning the results of {_name_run(batch)}"
    labels = {"batch": batch.public_id, "run": batch.run.public_id, "pinned": str(batch.pinned)}
    record_in_case(CaseAction.PIN_BATCH_CANCEL, summary, by=by, case=batch.case, labels=labels)
