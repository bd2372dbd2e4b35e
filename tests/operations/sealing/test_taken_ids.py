"""An id is taken once in all of history: whatever the month, the dataset and the writer."""

import itertools
import sys
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.connection import trail as core_trail
from operations.models import Incident, RejectedEvent
from operations.sealing.folder import LogDirectory
from operations.sealing.sealer import Sealer
from operations.sealing.taken_ids import FOLDER, IdKeeper
from tests.support.factories.events import event
from tests.support.factories.ingest import send, stored
from trail.connection import CompleteResponses, Trail
from trail.errors import TrailBusy, TrailError
from trail.events import make_id
from trail.writing.id_index import IdIndex
from trail.writing.writer import attempt_writes
from trail.writing.writer import write as write_to


@pytest.fixture
def keeper(log: LogDirectory) -> IdKeeper:
    return IdKeeper(log)


@pytest.fixture
def ours(log: LogDirectory, trail: Trail) -> Trail:
    """The trail as the console's processes know it."""
    return core_trail()


def _seal(sealer: Sealer, keeper: IdKeeper) -> None:
    while sealer.step():
        pass
    keeper.step()


def _write(trail: Trail, *documents: dict[str, Any]) -> list[str]:
    return [outcome.status for outcome in write_to(trail, documents)]


def _open_conflicts() -> dict[str, str]:
    return dict(Incident.objects.filter(kind="conflict", resolved_at=None).values_list("subject", "latest"))


@contextmanager
def _requests(monkeypatch: pytest.MonkeyPatch, trail: Trail) -> Iterator[list[str]]:
    """The addresses that this trail's engine is asked meanwhile; a thread of an earlier test may still ask something of its own."""
    asked: list[str] = []
    perform = CompleteResponses.perform_request

    def note(self: CompleteResponses, method: str, url: str, *args: Any, **options: Any) -> Any:
        address = url.partition("?")[0]
        if trail.prefix in address or address.startswith("/_bulk"):
            asked.append(address)
        return perform(self, method, url, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(CompleteResponses, "perform_request", note)
        yield asked


def test_a_sealed_events_id_dated_in_an_earlier_month_is_a_conflict(
    client: Client, headers: dict[str, str], sealer: Sealer, trail: Trail
) -> None:
    send(client, headers, event(id="sealed", at="2026-11-20T00:00:00Z", user__id="ada"))
    assert sealer.step() >= 1
    trail.client.indices.refresh(index=f"{trail.prefix}-events-*")
    response = send(client, headers, event(id="sealed", at="2026-10-03T00:00:00Z", user__id="eve"))
    (answer,) = response.json()["events"]
    assert (answer["id"], answer["status"]) == ("sealed", "conflict")
    assert stored(trail)["sealed"]["user"]["id"] == "ada"
    assert not trail.client.indices.exists(index=f"{trail.prefix}-events-2026.10")
    assert RejectedEvent.objects.get().status == "conflict"


@pytest.mark.parametrize("month", ["2025-12", "2026-10", "2026-12"])
@pytest.mark.parametrize("dataset", ["test", "another"])
def test_what_is_sealed_is_refused_in_every_other_month_and_dataset(
    sealer: Sealer, keeper: IdKeeper, ours: Trail, month: str, dataset: str
) -> None:
    _write(ours, event(id="sealed"))
    _seal(sealer, keeper)
    twin = event(id="sealed", at=f"{month}-03T00:00:00Z", event__dataset=dataset)
    (outcome,) = write_to(ours, [twin])
    assert (outcome.status, outcome.reason) == (
        "conflict",
        f"another event is stored under this id in {ours.prefix}-events-2026.11",
    )


def test_an_event_that_is_sent_again_is_already_there_and_what_is_new_is_written(
    sealer: Sealer, keeper: IdKeeper, ours: Trail
) -> None:
    first = event(id="first")
    _write(ours, first)
    _seal(sealer, keeper)
    assert _write(ours, first, event(id="new"), event(id="first", at="2026-09-01T00:00:00Z")) == [
        "existing",
        "created",
        "conflict",
    ]


def test_the_engine_is_asked_nothing_for_ids_that_are_new(
    sealer: Sealer, keeper: IdKeeper, ours: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(ours, *(event(at=f"2026-{month:02}-03T00:00:00Z") for month in range(1, 12)))
    _seal(sealer, keeper)
    with _requests(monkeypatch, ours) as requests:
        assert _write(ours, *(event() for _ in range(400))) == ["created"] * 400
    assert requests == ["/_bulk"]


def test_an_id_that_carries_its_time_costs_no_question_even_before_the_keeper_came_so_far(
    ours: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write(ours, event(at="2026-10-01T00:00:00Z"), event(at="2026-11-01T00:00:00Z"))
    when = "2026-11-20T00:00:00Z"
    timed = [event(id=make_id("tokens", datetime.fromisoformat(when)), at=when) for _ in range(3)]
    with _requests(monkeypatch, ours) as requests:
        _write(ours, *timed)
    assert requests == ["/_bulk"]
    with _requests(monkeypatch, ours) as requests:
        _write(ours, event(id=make_id("tokens", datetime.fromisoformat(when)), at="2026-10-20T00:00:00Z"))
    assert len(requests) == 2


def test_two_writers_at_the_same_moment_are_found_when_their_events_are_sealed(
    sealer: Sealer, keeper: IdKeeper, ours: Trail
) -> None:
    twins = [event(id="twin", at=f"2026-{month}-03T00:00:00Z", event__dataset=f"of-{month}") for month in ("10", "11")]
    service = replace(ours, find_sealed=None)  # a service that writes to the engine by itself
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda twin: _write(service, twin), twins)) == [["created"]] * 2
    _seal(sealer, keeper)
    (what,) = _open_conflicts().values()
    for month in ("2026.10", "2026.11"):
        assert f"{ours.prefix}-events-{month}" in what
    assert "twin" in what


def test_two_events_of_one_id_from_before_the_index_are_an_incident_when_it_is_made(
    sealer: Sealer, log: LogDirectory, ours: Trail
) -> None:
    service = replace(ours, find_sealed=None)
    for month in ("2026-03", "2026-07"):
        _write(service, event(id="old twin", at=f"{month}-03T00:00:00Z"))
        sealer.step()
    _seal(sealer, IdKeeper(log))
    assert list(_open_conflicts()) == ["id old twin"]


def test_a_flood_of_twins_is_a_bounded_number_of_incidents(sealer: Sealer, keeper: IdKeeper, ours: Trail) -> None:
    service = replace(ours, find_sealed=None)
    for month in ("2026-03", "2026-07"):
        _write(service, *(event(id=f"twin {number}", at=f"{month}-03T00:00:00Z") for number in range(60)))
    _seal(sealer, keeper)
    conflicts = _open_conflicts()
    assert len(conflicts) == 21
    assert "40 more" in conflicts["ids"]


def test_a_keeper_that_died_goes_on_and_reports_what_it_had_not(
    sealer: Sealer, keeper: IdKeeper, log: LogDirectory, ours: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = replace(ours, find_sealed=None)
    _write(service, event(id="twin", at="2026-03-03T00:00:00Z"), event(id="a"), event(id="b"))
    _seal(sealer, keeper)
    _write(service, event(id="twin", at="2026-07-03T00:00:00Z"), event(id="c"))
    sealer.step()
    with monkeypatch.context() as patch:
        patch.setattr("operations.sealing.taken_ids._report_pairs", lambda *_: sys.exit())
        with pytest.raises(SystemExit):
            keeper.step()
    again = IdKeeper(log)
    assert again.step() == 5  # from the beginning, for so little is not synced
    assert list(_open_conflicts()) == ["id twin"]
    assert again.step() == 0
    assert _write(ours, *(event(id=name, at="2026-01-01T00:00:00Z") for name in ("a", "b", "c"))) == ["conflict"] * 3


@pytest.mark.parametrize("damage", ["head", "0", "gone", "of a longer log"])
def test_an_index_that_is_damaged_or_of_another_log_is_made_anew_and_no_twin_gets_in_meanwhile(
    sealer: Sealer, keeper: IdKeeper, log: LogDirectory, ours: Trail, damage: str
) -> None:
    _write(ours, event(id="sealed"))
    _seal(sealer, keeper)
    folder = log.folder / FOLDER
    if damage == "gone":
        for path in folder.iterdir():
            path.unlink()
    elif damage == "of a longer log":
        longer = IdIndex(folder)
        longer.advance(1_000)
        longer.close()
    else:
        (folder / damage).unlink()
        (folder / damage).write_bytes(b"no such thing")
    ours.client.indices.refresh(index=f"{ours.prefix}-events-*")
    twin = event(id="sealed", at="2026-10-03T00:00:00Z")
    assert _write(ours, twin) == ["conflict"]
    assert IdKeeper(log).step() == 1
    assert ours.find_sealed is not None
    assert ours.find_sealed(["sealed"]) == [(f"{ours.prefix}-events-2026.11",)]
    assert _write(ours, twin) == ["conflict"]


def test_while_a_month_is_closed_its_ids_stay_taken_and_others_are_written(
    sealer: Sealer, keeper: IdKeeper, ours: Trail
) -> None:
    _write(ours, event(id="sealed", at="2026-09-03T00:00:00Z"))
    _seal(sealer, keeper)
    index = f"{ours.prefix}-events-2026.09"
    ours.client.indices.close(index=index)
    try:
        twin, other = attempt_writes(ours, [event(id="sealed"), event(id="other")])
    finally:
        ours.client.indices.open(index=index)
    assert isinstance(twin, TrailBusy)
    assert not isinstance(other, TrailError)
    assert other.status == "created"


def test_an_entry_that_was_taken_out_of_the_index_is_missed_and_the_twin_that_got_in_is_found(
    sealer: Sealer, keeper: IdKeeper, log: LogDirectory, ours: Trail
) -> None:
    _write(ours, event(id="sealed"), event())
    _seal(sealer, keeper)
    with (log.folder / FOLDER / "0").open("r+b") as table:
        entries = array("Q", table.read())
        table.seek(0)
        entries[next(at for at, entry in enumerate(entries) if entry)] = 0  # either of the two, and then the other
        entries[next(at for at, entry in enumerate(entries) if entry)] = 0
        table.write(entries.tobytes())
    assert _write(ours, event(id="sealed", at="2026-10-03T00:00:00Z")) == ["created"]
    _seal(sealer, keeper)
    keeper.step()  # which begins again with the first leaf
    assert list(_open_conflicts()) == ["id sealed"]
    what = Incident.objects.get(kind="tampered", subject=FOLDER).what
    assert "lacked 2 of the leaves" in what


def test_a_pair_that_a_person_has_resolved_is_not_reported_again(sealer: Sealer, keeper: IdKeeper, ours: Trail) -> None:
    service = replace(ours, find_sealed=None)
    _write(service, event(id="twin", at="2026-10-03T00:00:00Z"), event(id="twin", at="2026-11-03T00:00:00Z"))
    _seal(sealer, keeper)
    assert len(_open_conflicts()) == 1
    Incident.objects.update(resolved_at=timezone.now())
    for _ in range(3):
        keeper.step()
    assert _open_conflicts() == {}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["console", "service", "seal"]),
        st.integers(0, 3),
        st.sampled_from(["2026-09", "2026-10", "2026-11"]),
        st.sampled_from(["test", "another"]),
    ),
    min_size=2,
    max_size=9,
)
_runs = itertools.count()


@given(steps=STEPS)
@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_writers_months_and_datasets_take_turns_an_id_has_one_event_or_an_incident_names_all(
    steps: list[tuple[str, int, str, str]], sealer: Sealer, keeper: IdKeeper, ours: Trail
) -> None:
    run = next(_runs)
    service = replace(ours, find_sealed=None)
    for who, number, month, dataset in steps:
        if who == "seal":
            _seal(sealer, keeper)
        else:
            writer = ours if who == "console" else service
            twin = event(id=f"{run}-{number}", at=f"{month}-03T00:00:00Z", event__dataset=dataset)
            write_to(writer, [twin])
    _seal(sealer, keeper)
    assert _find_unexplained(ours, run) == []


def _find_unexplained(trail: Trail, run: int) -> list[str]:
    """The ids of a run that stand in several indices and that no incident names with every one of them."""
    trail.client.indices.refresh(index=f"{trail.prefix}-events-*")
    body = {"query": {"prefix": {"event.id": f"{run}-"}}, "size": 1_000, "_source": False}
    places: dict[str, list[str]] = {}
    for hit in trail.client.search(index=f"{trail.prefix}-events-*", body=body)["hits"]["hits"]:
        places.setdefault(hit["_id"], []).append(hit["_index"])
    texts = {
        subject: "\n".join([incident_what, latest])
        for subject, incident_what, latest in Incident.objects.filter(kind="conflict").values_list(
            "subject", "what", "latest"
        )
    }
    return [
        event_id
        for event_id, indices in places.items()
        if len(indices) > 1 and not all(index in texts.get(f"id {event_id}", "") for index in indices)
    ]
