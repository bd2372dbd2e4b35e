"""Every gap of a writer's numbers is one incident, once; so is a writer that fell silent. The real engine is asked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from operations.models import Incident, MissingNumbers, Scope, WatchedWriter, WriterKey
from operations.services import watching
from operations.services.keys import make
from tests.factories.events import event, write
from tests.functional.conftest import wire  # noqa: F401  what the console asks of the engine
from trail.connection import Trail

pytestmark = pytest.mark.django_db
AT_ONCE = timedelta(0)


def numbered(writer: str, *numbers: int) -> list[dict[str, object]]:
    return [event(writer__id=writer, event__sequence=number) for number in numbers]


def look() -> None:
    watching.look(settling=AT_ONCE)


def open_gaps() -> list[str]:
    return [f"{one.writer} {one}" for one in MissingNumbers.objects.filter(arrived_at=None)]


def test_a_whole_writer_raises_nothing_and_is_remembered(trail: Trail) -> None:
    write(trail, *numbered("x", *range(20)))
    look()
    row = WatchedWriter.objects.get()
    assert (row.writer, row.checked, row.last, row.doubt_since) == ("x", 19, 19, None)
    assert row.heard_at is not None
    assert not Incident.objects.exists()


def test_what_never_arrived_is_one_incident_said_once(trail: Trail) -> None:
    write(trail, *numbered("x", 0, 1, 5, 7))
    for _ in range(3):
        look()
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject, incident.events, incident.failures) == ("gap", "x", 4, 1)
    assert incident.what == "Writer x: 2–4, 6 never arrived."
    assert open_gaps() == ["x 2–4", "x 6"]
    write(trail, *numbered("x", 8, 10))
    look()
    incident.refresh_from_db()
    assert (incident.events, incident.failures, incident.latest) == (5, 2, "Writer x: 9 never arrived.")


def test_what_is_on_its_way_has_time_to_arrive(trail: Trail) -> None:
    write(trail, *numbered("x", 0, 2))
    watching.look()
    assert not Incident.objects.exists()
    write(trail, *numbered("x", 1, 3))
    WatchedWriter.objects.update(doubt_since=timezone.now() - watching.SETTLING)
    watching.look()
    assert not Incident.objects.exists()
    assert WatchedWriter.objects.get().checked >= 2


def test_what_arrives_after_all_ends_the_incident(trail: Trail) -> None:
    write(trail, *numbered("x", 0, 5))
    look()
    write(trail, *numbered("x", 2, 3))
    look()
    assert open_gaps() == ["x 1", "x 4"]
    assert Incident.objects.get().state == "failing"
    write(trail, *numbered("x", 1, 4))
    look()
    assert open_gaps() == []
    assert Incident.objects.get().state == "over"
    assert MissingNumbers.objects.count() == 3


def test_many_gaps_are_named_over_several_looks(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MOST_GAPS", 3)
    write(trail, *numbered("x", *range(0, 20, 2)))
    for _ in range(5):
        look()
    assert open_gaps() == [f"x {n}" for n in range(1, 18, 2)]
    assert Incident.objects.get().events == 9


def test_more_writers_than_one_question_holds(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "AT_ONCE", 2)
    write(trail, *(one for n in range(5) for one in numbered(f"w{n}", 0, 1)))
    look()
    assert {row.checked for row in WatchedWriter.objects.all()} == {1}


def test_a_look_without_news_costs_three_questions_however_much_there_is(
    trail: Trail,
    wire: list[str],  # noqa: F811
) -> None:
    write(trail, *(one for n in range(30) for one in numbered(f"w{n}", *range(10))))
    look()
    wire.clear()
    look()
    assert len([line for line in wire if line.endswith("_search")]) == 3


def quiet_for(seconds: float, **values: object) -> None:
    WatchedWriter.objects.update(quiet=seconds, times_heard=50, **values)


def test_a_writer_that_stopped_is_one_incident_and_over_when_it_speaks(trail: Trail) -> None:
    write(trail, *numbered("x", 0))
    look()
    quiet_for(599)
    watching._notice_silence()
    assert not Incident.objects.exists()
    quiet_for(602)
    look()
    look()
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject, incident.failures) == ("silence", "x", 1)
    write(trail, *numbered("x", 1))
    look()
    assert Incident.objects.get().state == "over"
    assert WatchedWriter.objects.get().longest_pause > 600


def test_a_usual_pause_is_no_silence(trail: Trail) -> None:
    write(trail, *numbered("x", 0))
    look()
    quiet_for(7_000, longest_pause=4_000)
    look()
    assert not Incident.objects.exists()
    quiet_for(8_001, longest_pause=4_000)
    look()
    assert Incident.objects.exists()


def test_what_is_expected_of_a_writer_decides_before_its_rhythm(trail: Trail) -> None:
    write(trail, *numbered("x", 0))
    look()
    WatchedWriter.objects.update(quiet=61, times_heard=1, silent_after=60)
    look()
    assert Incident.objects.get().kind == "silence"


def test_nothing_is_expected_of_a_writer_that_is_hardly_known(trail: Trail) -> None:
    write(trail, *numbered("x", 0))
    look()
    WatchedWriter.objects.update(quiet=10_000)
    look()
    assert not Incident.objects.exists()


def test_while_the_console_was_down_nobody_was_silent(trail: Trail) -> None:
    write(trail, *numbered("x", 0))
    look()
    quiet_for(0, looked_at=timezone.now() - timedelta(days=3))
    look()
    assert 0 < WatchedWriter.objects.get().quiet <= watching.LONGEST_STEP
    assert not Incident.objects.exists()


def test_a_writer_that_does_not_number_its_events_is_heard_by_its_key(trail: Trail, ada: User) -> None:
    make(name="proxy", scope=Scope.WRITE, by=ada, writer="proxy-1", dataset="test", format="ecs")
    look()
    assert not WatchedWriter.objects.exists()
    WriterKey.objects.update(last_used_at=timezone.now())
    look()
    assert (WatchedWriter.objects.get().writer, WatchedWriter.objects.get().numbers) == ("proxy-1", False)
    quiet_for(700)
    look()
    incident = Incident.objects.get()
    assert (incident.kind, incident.subject, incident.state) == ("silence", "proxy-1", "failing")
    WriterKey.objects.update(last_used_at=timezone.now())
    look()
    assert Incident.objects.get().state == "over"
