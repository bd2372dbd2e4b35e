"""Detections that look at a real trail: every event once, none of the console's own, and a failed look loses nothing."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import User
from investigations.models import Detection, Finding
from investigations.services import detections
from operations.models import Incident
from tests.factories.events import event, write
from tests.factories.searches import detection
from trail.connection import Trail
from trail.search import execute
from trail.search.spec import Search


@pytest.fixture(autouse=True)
def _at_once(settings: Settings) -> None:
    """What a test writes can be found when it is written."""
    settings.DETECTION_DELAY_SECONDS = 0


def look(one: Detection) -> Finding | None:
    """As if its minutes had gone by."""
    Detection.objects.filter(pk=one.pk).update(next_at=timezone.now() - timedelta(seconds=1))
    return detections.look(one.pk)


def found_by(finding: Finding) -> set[str]:
    """The events that the finding's own search finds."""
    search = Search.from_json(finding.search)
    return {hit.event_id for hit in execute.page(detections.trail(), search, detections.PLATFORM, size=500).hits}


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


def test_of_two_workers_that_look_from_the_same_place_one_raises_the_finding(trail: Trail, alice: User) -> None:
    stale = detection(alice)
    write(trail, event(event__outcome="failure"))
    assert look(stale) is not None
    window = detections.Window(stale.looked_until + timedelta(microseconds=1), timezone.now())
    assert detections._looked(stale, window, Search(), 1, []) is None
    assert Finding.objects.count() == 1
    assert detections.look(stale.pk) is None  # not due yet


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
    detections.change(detection=one, by=alice, enabled=False)
    write(trail, event(event__outcome="failure"))
    assert look(one) is None
    detections.change(detection=one, by=alice, enabled=True)
    write(trail, event(id="after", event__outcome="failure"))
    finding = look(one)
    assert finding is not None
    assert [key for _, key in finding.events] == ["after"]


def test_what_is_still_on_its_way_is_left_to_the_next_look(trail: Trail, alice: User, settings: Settings) -> None:
    settings.DETECTION_DELAY_SECONDS = 3600
    one = detection(alice)
    write(trail, event(event__outcome="failure"))
    assert look(one) is None
    settings.DETECTION_DELAY_SECONDS = 0
    assert look(one) is not None
