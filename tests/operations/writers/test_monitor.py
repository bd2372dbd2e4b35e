"""Every gap of a writer's numbers is one incident, once; so is a writer that fell silent. The real engine is asked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from operations.models import Incident, KeyScope, MissingNumbers, WatchedWriter, WriterKey
from operations.writers import monitor
from operations.writers.keys import make_key
from tests.support.console import wire  # noqa: F401  what the console asks of the engine
from tests.support.factories.events import event, write
from trail.connection import Trail

pytestmark = pytest.mark.django_db
AT_ONCE = timedelta(0)


def numbered(writer: str, *numbers: int) -> list[dict[str, object]]:
    return [event(writer__id=writer, event__sequence=number) for number in numbers]


def look() -> None:
    monitor.check_writers(settling=AT_ONCE)


def open_gaps() -> list[str]:
    return [f"{missing.writer} {missing}" for missing in MissingNumbers.objects.filter(arrived_at=None)]


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


def test_what_the_demonstration_leaves_out_is_shown_and_is_no_incident(trail: Trail) -> None:
    write(trail, *numbered("demonstration/metrics", 0, 1, 5), *numbered("metrics", 0, 2))
    for _ in range(2):
        look()
    assert open_gaps() == ["demonstration/metrics 2–4", "metrics 1"]
    assert [incident.subject for incident in Incident.objects.all()] == ["metrics"]
    WatchedWriter.objects.update(quiet=9_999_999, silent_after=60)
    monitor._report_silence()
    assert [incident.subject for incident in Incident.objects.filter(kind="silence")] == ["metrics"]
    write(trail, *numbered("demonstration/metrics", 2, 3, 4))
    look()
    assert open_gaps() == ["metrics 1"]


@pytest.mark.parametrize("name", ["x" * 513, "a\0b"])
def test_a_name_that_no_row_holds_is_an_incident_and_the_others_are_watched(trail: Trail, name: str) -> None:
    write(trail, *numbered(name, 0, 1), *numbered("y", 0, 2))
    look()
    look()
    assert open_gaps() == ["y 1"]
    assert [row.writer for row in WatchedWriter.objects.all()] == ["y"]
    incident = Incident.objects.get(kind="check")
    assert incident.subject == name.replace("\0", "\N{REPLACEMENT CHARACTER}")[:200]
    assert "cannot be watched" in incident.what


def test_what_is_on_its_way_has_time_to_arrive(trail: Trail) -> None:
    write(trail, *numbered("x", 0, 2))
    monitor.check_writers()
    assert not Incident.objects.exists()
    write(trail, *numbered("x", 1, 3))
    WatchedWriter.objects.update(doubt_since=timezone.now() - monitor.SETTLING)
    monitor.check_writers()
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
    monkeypatch.setattr(monitor, "MOST_GAPS", 3)
    write(trail, *numbered("x", *range(0, 20, 2)))
    for _ in range(5):
        look()
    assert open_gaps() == [f"x {n}" for n in range(1, 18, 2)]
    assert Incident.objects.get().events == 9


def test_more_writers_than_one_question_holds(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "AT_ONCE", 2)
    write(trail, *(missing for n in range(5) for missing in numbered(f"w{n}", 0, 1)))
    look()
    assert {row.checked for row in WatchedWriter.objects.all()} == {1}


def test_a_look_without_news_costs_three_questions_however_much_there_is(
    trail: Trail,
    wire: list[str],  # noqa: F811
) -> None:
    write(trail, *(missing for n in range(30) for missing in numbered(f"w{n}", *range(10))))
    look()
    wire.clear()
    look()
    assert len([line for line in wire if line.endswith("search")]) == 3


def quiet_for(seconds: float, **values: object) -> None:
    WatchedWriter.objects.update(quiet=seconds, times_heard=50, **values)


def test_a_writer_that_stopped_is_one_incident_and_over_when_it_speaks(trail: Trail) -> None:
    write(trail, *numbered("x", 0))
    look()
    quiet_for(599)
    monitor._report_silence()
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
    assert 0 < WatchedWriter.objects.get().quiet <= monitor.LONGEST_STEP
    assert not Incident.objects.exists()


def test_a_writer_that_does_not_number_its_events_is_heard_by_its_key(trail: Trail, ada: User) -> None:
    make_key(name="proxy", scope=KeyScope.WRITE, by=ada, writer="proxy-1", dataset="test", format="ecs")
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
