"""Pinning all of a result: each event once, whatever happens meanwhile, and never said to be whole when it is not."""

import gc
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from accounts.models import User
from core.errors import Refused
from investigations import tasks
from investigations.cases import services as cases
from investigations.cases.errors import CaseClosed
from investigations.evidence import services as evidence
from investigations.evidence.services import PinWords
from investigations.hypotheses import services as hypotheses
from investigations.models import Activity, Case, CustodyEntry, Evidence, PinBatch, Run
from investigations.notices import services as notices
from investigations.pin_batches import services as pin_batches
from investigations.runs import jobs
from investigations.runs import services as runs
from tests.support.concurrency import at_once
from tests.support.factories.cases import close_case, pin, run
from tests.support.factories.events import use, write
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.errors import TrailUnavailable
from trail.questions.id_digest import digest_ids
from trail.search.execute import Hit
from trail.search.spec import Search

NUMBER, STEP = 25, 10
IDS = [f"e{n:02}" for n in range(NUMBER)]


@pytest.fixture
def results(alice: User, case: Case, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A finished run of the case with three chunks, the newest event first."""
    monkeypatch.setattr(runs, "CHUNK", STEP)
    write(trail, *(use("t", id=event_id, at=f"2026-11-01T00:00:{n:02}Z") for n, event_id in enumerate(IDS)))
    return run(alice, text="token.id:t", case=case, title="Uses of t")


def carry_out(batch: PinBatch) -> PinBatch:
    """As the worker does."""
    tasks.pin_results(batch.pk)
    batch.refresh_from_db()
    return batch


def start(case: Case, results: Run, by: User, **words: Any) -> PinBatch:
    return pin_batches.start(case=case, run=results, by=by, words=PinWords(**{"reason": "All of it", **words}))


def die_after(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a worker that is killed in the middle of the step after these: what it has written of it is undone."""
    add, done = pin_batches.add_events, [0]

    def add_or_die(*args: Any) -> list[Evidence]:
        new = add(*args)
        done[0] += 1
        if done[0] > steps:
            raise KeyboardInterrupt
        return new

    monkeypatch.setattr(pin_batches, "add_events", add_or_die)


def test_every_result_is_pinned_once_numbered_in_the_order_of_time(case: Case, alice: User, results: Run) -> None:
    batch = carry_out(start(case, results, alice, relevance="key", tags="b, a"))
    assert (batch.state, batch.done, batch.total, batch.pinned, batch.already) == ("finished", 25, 25, 25, 0)
    pinned = list(case.evidence.order_by("number"))
    assert [each.event_id for each in pinned] == IDS
    assert [each.number for each in pinned] == list(range(1, NUMBER + 1))
    assert {(each.reason, each.relevance, each.run, each.pinned_by_name) for each in pinned} == {
        ("All of it", "key", results, "Alice")
    }
    assert {tuple(tag.name for tag in each.tags.all()) for each in pinned} == {("a", "b")}
    assert case.entities.filter(field="token.id", value="t").exists()


def test_what_was_pinned_before_stays_as_it_was(case: Case, alice: User, bob: User, results: Run) -> None:
    evidence.pin(case=case, event_ids=["e03", "e20"], reason="First", by=bob)
    batch = carry_out(start(case, results, alice))
    assert (batch.state, batch.pinned, batch.already) == ("finished", 23, 2)
    assert sorted(case.evidence.filter(reason="First").values_list("event_id", flat=True)) == ["e03", "e20"]
    assert case.evidence.count() == NUMBER


def test_beginning_and_end_are_on_record_once_and_custody_names_the_record(
    case: Case, alice: User, results: Run, trail: Trail
) -> None:
    batch = carry_out(start(case, results, alice))
    assert [
        line.summary for line in Activity.objects.filter(action__startswith="case.evidence.pin").order_by("pk")
    ] == [
        "began to pin all results of the run “Uses of t”",
        "pinned 25 events of the run “Uses of t”; 0 had been pinned before",
    ]
    (began,) = audit_log(trail, "case.evidence.pin.start")
    (ended,) = audit_log(trail, "case.evidence.pin.end")
    assert began["labels"]["run"] == ended["labels"]["run"] == results.public_id
    assert (ended["labels"]["pinned"], ended["labels"]["count"]) == ("25", "25")
    assert ended["labels"]["ids_sha256"] == batch.ids_digest == digest_ids(reversed(IDS))[0]
    entries = CustodyEntry.objects.filter(action="pin")
    assert {entry.event_id for entry in entries} == {began["event"]["id"]} == {batch.event_id}
    assert entries.count() == NUMBER


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_killed_workers_batch_goes_on_and_pins_each_event_once(
    case: Case, alice: User, results: Run, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    batch = start(case, results, alice)
    with monkeypatch.context() as patched:
        die_after(steps, patched)
        with pytest.raises(KeyboardInterrupt):
            pin_batches.pin_results(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.done) == ("running", case.evidence.count())
    PinBatch.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.list_due(PinBatch) == [batch.pk]
    carry_out(batch)
    assert (batch.state, batch.pinned, batch.already) == ("finished", 25, 0)
    assert sorted(case.evidence.values_list("event_id", flat=True)) == IDS
    assert CustodyEntry.objects.filter(action="pin").count() == NUMBER


def test_while_it_works_no_more_than_one_step_is_held(
    case: Case, alice: User, results: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, add = [0], pin_batches.add_events

    def add_and_count(place: Case, hits: list[Hit], *args: Any) -> list[Evidence]:
        most[0] = max(most[0], len(hits))
        return add(place, hits, *args)

    monkeypatch.setattr(pin_batches, "add_events", add_and_count)
    assert carry_out(start(case, results, alice)).state == "finished"
    assert most[0] == STEP


def test_all_that_a_search_finds_is_pinned_when_its_run_is_over(case: Case, alice: User, results: Run) -> None:
    search = Search(text="token.id:t", start="now-100y", sort=("@timestamp", "asc"))
    batch = pin_batches.start_from_search(
        case=case, search=search, title="Again", by=alice, words=PinWords("All of it")
    )
    carry_out(batch)
    assert (batch.state, batch.done, batch.attempts) == ("queued", 0, 0)
    tasks.execute_run(batch.run.pk)
    batch.refresh_from_db()
    assert batch.not_before <= timezone.now()  # the end of the run has queued it
    carry_out(batch)
    assert (batch.state, batch.pinned) == ("finished", 25)
    kept = Search.from_json(case.evidence.earliest("pk").search)
    assert (kept.start or "").startswith("1970-")
    assert kept.ingested_until


def fail_the_run(batch: PinBatch) -> None:
    Run.objects.filter(pk=batch.run_id).update(state="failed", problem="Narrow the search.")


def close(batch: PinBatch) -> None:
    close_case(batch.case, batch.started_by)


def let_out(batch: PinBatch) -> None:
    cases.remove_member(case=batch.case, user=batch.started_by, by=batch.case.opened_by)


def deactivate(batch: PinBatch) -> None:
    User.objects.filter(pk=batch.started_by_id).update(is_active=False)


def lose_a_chunk(batch: PinBatch) -> None:
    batch.run.chunk_rows.filter(number=1).delete()


@pytest.mark.parametrize(
    ("happens", "words"),
    [
        (fail_the_run, "did not finish, so nothing is pinned from it. Narrow the search. Nothing was pinned."),
        (close, "The case was closed meanwhile. Nothing was pinned."),
        (let_out, "Bob may not write to this case any more. Nothing was pinned."),
        (deactivate, "Bob may not write to this case any more. Nothing was pinned."),
        (lose_a_chunk, "Some results of the run are not there any more; run the search again. Nothing was pinned."),
    ],
)
def test_what_may_not_go_on_ends_and_says_why(
    case: Case, bob: User, alice: User, results: Run, happens: Callable[[PinBatch], None], words: str
) -> None:
    batch = start(case, results, bob)
    if happens is close:
        close_case(case, alice)
    else:
        happens(batch)
    carry_out(batch)
    assert batch.state == "failed"
    assert batch.problem.endswith(words)
    assert not case.evidence.exists()


def test_what_loses_the_right_in_the_middle_keeps_what_is_pinned_and_says_how_much(
    case: Case, alice: User, bob: User, results: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, add = start(case, results, bob), pin_batches.add_events

    def add_and_be_let_out(*args: Any) -> list[Evidence]:
        new = add(*args)
        cases.remove_member(case=case, user=bob, by=alice)
        return new

    monkeypatch.setattr(pin_batches, "add_events", add_and_be_let_out)
    carry_out(batch)
    assert batch.problem == "Bob may not write to this case any more. 5 events had been pinned by then and stay."
    assert case.evidence.count() == 5


def test_results_that_may_not_be_found_any_more_are_never_said_to_be_all(
    case: Case, alice: User, results: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = runs.read_events
    monkeypatch.setattr(runs, "read_events", lambda *args: read(*args)[1:])
    batch = carry_out(start(case, results, alice))
    assert (batch.state, batch.done) == ("failed", 22)
    assert "3 events of the run could not be found by Alice any more." in batch.problem


def test_while_the_trail_is_away_it_waits_and_then_goes_on(
    case: Case, alice: User, results: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any) -> list[Hit]:
        raise TrailUnavailable("The engine does not answer.")

    batch = start(case, results, alice)
    with monkeypatch.context() as patched:
        patched.setattr(runs, "read_events", refuse)
        carry_out(batch)
    assert (batch.state, batch.problem) == ("queued", "The engine does not answer.")
    PinBatch.objects.update(not_before=timezone.now())
    assert carry_out(batch).state == "finished"


def test_one_that_was_cancelled_stops_before_the_next_step(
    case: Case, alice: User, results: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch, add = start(case, results, alice), pin_batches.add_events

    def add_and_cancel(*args: Any) -> list[Evidence]:
        new = add(*args)
        PinBatch.objects.filter(pk=batch.pk).update(cancel_requested_at=timezone.now())
        return new

    monkeypatch.setattr(pin_batches, "add_events", add_and_cancel)
    carry_out(batch)
    assert (batch.state, batch.pinned, case.evidence.count()) == ("cancelled", 5, 5)


def test_what_cannot_be_whole_is_refused_at_the_start(case: Case, alice: User, results: Run) -> None:
    with pytest.raises(Refused, match="Say why"):
        start(case, results, alice, reason=" ")
    start(case, results, alice)
    with pytest.raises(Refused, match="to this case already"):
        start(case, results, alice)
    empty = run(alice, text="token.id:nobody", case=case)
    with pytest.raises(Refused, match="found nothing"):
        start(case, empty, alice)
    Run.objects.filter(pk=empty.pk).update(state="cancelled")
    empty.refresh_from_db()
    with pytest.raises(Refused, match="did not finish"):
        start(case, empty, alice)
    close_case(case, alice)
    with pytest.raises(CaseClosed):
        start(case, results, alice)


def test_who_started_it_is_told_of_its_end(case: Case, alice: User, bob: User, results: Run, trail: Trail) -> None:
    pin(trail, case, alice, use("t", id="other"))
    carry_out(start(case, results, bob))
    assert [notice.words for notice in notices.list_notices(bob)] == ["Pinning all of “Uses of t” finished, 25 events"]


@pytest.mark.django_db(transaction=True)
def test_who_stops_a_batch_in_the_middle_of_a_step_waits_for_its_end(
    transactional_db: None, case: Case, alice: User, results: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step holds the case and then changes the batch: whoever did it the other way round would wait for it for ever."""
    batch, add, inside = start(case, results, alice), pin_batches.add_events, Event()

    def add_slowly(*args: Any) -> list[Evidence]:
        new = add(*args)
        inside.set()
        time.sleep(0.5)
        return new

    def stop() -> None:
        assert inside.wait(20)
        with suppress(Refused):  # SQLite may let every other step write first
            pin_batches.cancel(batch=PinBatch.objects.get(pk=batch.pk), by=alice)

    monkeypatch.setattr(pin_batches, "add_events", add_slowly)
    at_once(lambda: pin_batches.pin_results(batch.pk), stop)
    batch.refresh_from_db()
    assert batch.state in ("cancelled", "finished")
    assert batch.pinned == case.evidence.count()


def test_one_whose_worker_died_too_often_ends_on_record_and_keeps_what_it_has_pinned(
    case: Case, alice: User, results: Run, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = start(case, results, alice)
    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        die_after(1, patch)
        carry_out(batch)
    ended = timezone.now() - timedelta(minutes=1)
    PinBatch.objects.update(attempts=jobs.MAX_ATTEMPTS, lease_until=ended)
    assert carry_out(batch).state == "failed"
    assert batch.problem == jobs.DIED
    (record,) = audit_log(trail, "case.evidence.pin.end")
    assert (record["labels"]["failed"], record["labels"]["pinned"]) == (jobs.DIED, str(case.evidence.count()))
    assert case.evidence.count() > 0


def test_a_step_leaves_nothing_in_memory_for_python_to_look_for(case: Case, alice: User, results: Run) -> None:
    batch = start(case, results, alice)
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        carry_out(batch)
        gc.collect()
        left = Counter(type(each).__name__ for each in gc.garbage if isinstance(each, Model | Hit))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert batch.state == "finished"
    assert {name: number for name, number in left.items() if number >= NUMBER} == {}


@pytest.mark.parametrize("size", [1, 3, 4, 10, 100])
def test_it_is_the_same_in_steps_of_whatever_size(
    size: int, case: Case, alice: User, results: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pin_batches, "STEP", size)
    batch = start(case, results, alice)
    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        die_after(2, patch)
        carry_out(batch)
    PinBatch.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    assert carry_out(batch).state == "finished"
    assert (batch.pinned, batch.already, batch.steps, batch.place) == (NUMBER, 0, 3, 0)
    assert list(case.evidence.order_by("number").values_list("event_id", flat=True)) == IDS


def test_each_event_speaks_to_the_question_that_is_named(case: Case, alice: User, results: Run, trail: Trail) -> None:
    hypothesis = hypotheses.add_hypothesis(case=case, statement="It was the runner", by=alice)
    batch = carry_out(start(case, results, alice, hypothesis=hypothesis, speaks_for=False))
    assert batch.state == "finished"
    assert hypotheses.list_numbers(hypothesis, speaks_for=False) == list(range(1, NUMBER + 1))
    (record,) = audit_log(trail, "case.evidence.pin.start")
    assert record["labels"]["hypotheses"] == "against 1"


def test_custody_says_to_which_question_each_event_speaks_however_it_was_pinned(
    case: Case, alice: User, results: Run
) -> None:
    hypothesis = hypotheses.add_hypothesis(case=case, statement="It was the runner", by=alice)
    evidence.pin(case=case, event_ids=["e03"], reason="First", by=alice, hypothesis=hypothesis, speaks_for=False)
    carry_out(start(case, results, alice, hypothesis=hypothesis, speaks_for=False))
    assert (
        list(case.custody.filter(action="pin").values_list("detail", flat=True))
        == ["speaks against hypothesis 1"] * NUMBER
    )


def test_of_what_was_pinned_before_it_is_said_that_it_does_not_speak_to_the_question(
    case: Case, alice: User, results: Run, trail: Trail, client: Client
) -> None:
    hypothesis = hypotheses.add_hypothesis(case=case, statement="It was the runner", by=alice)
    evidence.pin(case=case, event_ids=["e03", "e20"], reason="First", by=alice)
    batch = carry_out(start(case, results, alice, hypothesis=hypothesis))
    assert len(hypotheses.list_numbers(hypothesis, speaks_for=True)) == batch.pinned == NUMBER - 2
    (ended,) = audit_log(trail, "case.evidence.pin.end")
    assert (ended["labels"]["hypotheses"], ended["labels"]["linked"]) == ("speaks for hypothesis 1", str(NUMBER - 2))
    summary = Activity.objects.get(action="case.evidence.pin.end").summary
    assert summary.endswith(
        "2 had been pinned before; what was pinned now speaks for hypothesis 1, what was before stays as it was"
    )
    client.force_login(alice)
    page = " ".join(client.get(f"/pin-batches/{batch.public_id}/").content.decode().split())
    assert f"{NUMBER - 2} speak for H1 by this, and none of those that had been pinned before." in page


def test_more_events_than_a_question_takes_are_refused_before_one_is_pinned(
    case: Case, alice: User, results: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    hypothesis = hypotheses.add_hypothesis(case=case, statement="It was the runner", by=alice)
    batch = start(case, results, alice, hypothesis=hypothesis)
    monkeypatch.setattr(pin_batches, "MOST_LINKED", NUMBER - 1)
    assert carry_out(batch).state == "failed"
    assert "speak to a question one by one" in batch.problem
    assert not case.evidence.exists()
    with pytest.raises(Refused, match="one by one"):
        start(case, results, alice, hypothesis=hypothesis)
