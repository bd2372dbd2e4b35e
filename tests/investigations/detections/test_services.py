"""Detections that look at a real trail: every event once, none of the console's own, and a failed look loses nothing."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import User
from investigations.detections import services as detections
from investigations.models import Detection, Finding
from investigations.search_url import search_address
from operations.models import Incident
from tests.support.concurrency import at_once
from tests.support.factories.events import event, write
from tests.support.factories.searches import detection
from trail.connection import Trail
from trail.first_seen import keeper
from trail.mapping import index_for
from trail.questions.new_events import Arrived
from trail.search import execute
from trail.search.spec import Search
from trail.times import format_datetime


def look(one: Detection) -> Finding | None:
    """As if its minutes had gone by."""
    Detection.objects.filter(pk=one.pk).update(next_at=timezone.now() - timedelta(seconds=1))
    return detections.look(one.pk)


def found_by(finding: Finding) -> set[str]:
    """The events that the finding's own search finds."""
    search = Search.from_json(finding.search)
    return {hit.event_id for hit in execute.read_page(detections.trail(), search, detections.PLATFORM, size=500).hits}


def test_every_event_is_found_once_however_looks_and_arrivals_take_turns(trail: Trail, alice: User) -> None:
    @rules(max_examples=8)
    @given(st.lists(st.integers(0, 3), min_size=1, max_size=6))
    def law(arrivals: list[int]) -> None:
        Finding.objects.all().delete()
        one, written = detection(alice), []
        for number in arrivals:
            some = [event(event__outcome="failure") for _ in range(number)]
            write(trail, *some, event())
            written += [each["event"]["id"] for each in some]
            look(one)
        findings = list(one.findings.order_by("window_start"))
        assert sorted(key for finding in findings for _, key in finding.events) == sorted(written)
        assert sum(finding.count for finding in findings) == len(written)
        for finding in findings:
            assert found_by(finding) == {key for _, key in finding.events}
        ends = [(finding.window_start, finding.window_end) for finding in findings]
        assert all(earlier[1] < later[0] for earlier, later in pairwise(ends))

    law()


@pytest.mark.django_db(transaction=True)
def test_of_workers_that_look_at_once_from_the_same_place_one_raises_the_finding(
    transactional_db: None, trail: Trail, alice: User
) -> None:
    made = detection(alice)
    write(trail, event(event__outcome="failure"))
    Detection.objects.filter(pk=made.pk).update(next_at=timezone.now() - timedelta(seconds=1))
    findings = at_once(*[lambda: detections.look(made.pk)] * 4)
    assert len([finding for finding in findings if finding is not None]) == 1
    assert Finding.objects.get().count == 1
    assert detections.look(made.pk) is None  # not due yet


def test_a_worker_whose_place_was_moved_meanwhile_keeps_nothing(trail: Trail, alice: User) -> None:
    stale = detection(alice)
    write(trail, event(event__outcome="failure"))
    assert look(stale) is not None
    arrived = Arrived(place={}, count=1, events=[("index", "id")], taken=(0.0, 0.0))
    assert detections._move_on(stale, Search(), arrived, until=timezone.now()) is None
    assert Finding.objects.count() == 1


def _send(trail: Trail, document: dict[str, Any], *, stamped: datetime) -> None:
    """Bring an event to the engine now that a writer stamped at another time: it was held up, or its clock is wrong."""
    document["event"]["ingested"] = format_datetime(stamped)
    trail.client.create(
        index=index_for(trail.prefix, document["@timestamp"]), id=document["event"]["id"], body=document
    )


@pytest.mark.parametrize("late", [timedelta(hours=1), timedelta(minutes=-10)], ids=["held up", "a clock that is fast"])
def test_an_event_is_found_once_whenever_it_was_stamped(trail: Trail, alice: User, late: timedelta) -> None:
    made = detection(alice)
    write(trail, event(id="first", event__outcome="failure"))
    assert look(made) is not None
    _send(trail, event(id="late", event__outcome="failure"), stamped=timezone.now() - late)
    finding = look(made)
    assert finding is not None
    assert [key for _, key in finding.events] == ["late"]
    assert found_by(finding) == {"late"}
    write(trail, event(id="next", event__outcome="failure"))
    following = look(made)
    assert following is not None
    assert [key for _, key in following.events] == ["next"]
    assert look(made) is None


def test_one_that_looked_by_time_goes_on_from_there(trail: Trail, alice: User) -> None:
    made = detection(alice)
    now = timezone.now()
    _send(trail, event(id="before", event__outcome="failure"), stamped=now - timedelta(minutes=2))
    _send(trail, event(id="after", event__outcome="failure"), stamped=now)
    Detection.objects.filter(pk=made.pk).update(place=None, looked_until=now - timedelta(minutes=1))
    finding = look(made)
    assert finding is not None
    assert [key for _, key in finding.events] == ["after"]
    _send(trail, event(id="late", event__outcome="failure"), stamped=now - timedelta(minutes=2))
    finding = look(made)
    assert finding is not None
    assert [key for _, key in finding.events] == ["late"]


def test_what_is_first_seen_is_found_once_it_is_known_to_be(trail: Trail, alice: User) -> None:
    made = detection(alice, "novelty:user_address")
    while keeper.run_step(trail).waits:
        pass
    write(trail, event(id="new", user__id="eve", source__ip="192.0.2.7"))
    assert look(made) is None
    while keeper.run_step(trail).waits:
        pass
    finding = look(made)
    assert finding is not None
    assert [key for _, key in finding.events] == ["new"]
    assert look(made) is None


def test_a_finding_of_more_than_an_address_holds_still_opens_as_a_search(trail: Trail, alice: User) -> None:
    made = detection(alice)
    ids = {f"{number:03}-{'x' * 40}" for number in range(200)}
    write(trail, *(event(id=name, event__outcome="failure") for name in ids))
    finding = look(made)
    assert finding is not None
    assert (finding.count, found_by(finding)) == (200, ids)
    assert search_address(Search.from_json(finding.search)) is not None


def test_a_look_that_fails_is_an_incident_after_a_while_and_misses_nothing(
    trail: Trail, alice: User, settings: Settings
) -> None:
    one = detection(alice)
    write(trail, event(event__outcome="failure"))
    engine, settings.OPENSEARCH_URL = settings.OPENSEARCH_URL, "http://127.0.0.1:1"
    for _ in range(detections.FAILING):
        assert look(one) is None
    one.refresh_from_db()
    assert (one.failures, one.problem) == (3, "It could not look: The trail (OpenSearch) does not answer.")
    incident = Incident.objects.get(kind="detection")
    assert (incident.subject, incident.over_at) == (one.public_id, None)
    settings.OPENSEARCH_URL = engine
    finding = look(one)
    assert finding is not None
    assert finding.count == 1
    incident.refresh_from_db()
    assert incident.over_at is not None


def test_the_consoles_own_events_are_never_found(trail: Trail, lea: User) -> None:
    one = detection(lea, "user.id:*")
    write(trail, event(user__id="lea", event__dataset="console"), event(id="platform", user__id="eve"))
    finding = look(one)
    assert finding is not None
    assert [key for _, key in finding.events] == ["platform"]


def test_turned_on_again_it_looks_at_what_arrives_from_then_on(trail: Trail, alice: User) -> None:
    one = detection(alice)
    detections.change(detection=one, by=alice, revision=1, enabled=False)
    write(trail, event(event__outcome="failure"))
    assert look(one) is None
    detections.change(detection=one, by=alice, revision=2, enabled=True)
    write(trail, event(id="after", event__outcome="failure"))
    finding = look(one)
    assert finding is not None
    assert [key for _, key in finding.events] == ["after"]
