"""When an answer is provisional: while something stands that may keep events from the trail."""

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from investigations.coverage import MOST, add_doubts, find_doubts
from operations.incidents import services as incidents
from operations.models import Incident, RejectedEvent
from tests.support.factories.incidents import Kind, incident, rejected
from trail.questions.coverage import Coverage

pytestmark = pytest.mark.django_db
ASKED = Coverage("2026-11-25T09:30:00Z", 40, "2026-01-01T00:00:00Z", "2026-11-25T09:29:59Z", 2, 0)


def _resolve() -> None:
    Incident.objects.update(resolved_at=timezone.now())


def test_nothing_is_in_doubt_while_no_incident_stands() -> None:
    assert add_doubts(ASKED).whole


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        (Kind.OUTAGE, incidents.ENGINE), (Kind.OUTAGE, incidents.DATABASE), (Kind.NOT_WRITTEN, "billing"),
        (Kind.TAMPERED, "trail-events-2026-11"), (Kind.GAP, "billing"), (Kind.REJECTED, "billing"),
        (Kind.CONFLICT, "billing"), (Kind.SILENCE, "billing"), (Kind.NOT_SEALED, "sealing"),
        (Kind.CHECK, "indices"), (Kind.CHECK, "copies"),
    ],
)  # fmt: skip
def test_an_incident_that_may_keep_events_away_makes_an_answer_provisional_until_it_is_resolved(
    kind: Incident.Kind, subject: str
) -> None:
    standing = incident(kind, subject, "Billing: 3–5 never arrived.")
    found = add_doubts(ASKED)
    assert not found.whole
    (doubt,) = found.doubts
    assert doubt.sentence == f"{kind.label}: Billing: 3–5 never arrived."
    assert doubt.address == f"/incidents/{standing.public_id}/"
    _resolve()
    assert add_doubts(ASKED).whole


@pytest.mark.parametrize(
    ("kind", "subject"), [(Kind.OUTAGE, incidents.QUEUE), (Kind.CHECK, "disks"), (Kind.SNAPSHOT, "snapshots")]
)
def test_an_incident_that_keeps_no_event_away_leaves_an_answer_whole(kind: Incident.Kind, subject: str) -> None:
    incident(kind, subject)
    assert find_doubts() == []


def test_numbers_that_arrived_after_all_are_no_doubt_and_an_outage_that_is_over_still_is_one() -> None:
    for kind, subject in ((Kind.GAP, "billing"), (Kind.OUTAGE, incidents.ENGINE)):
        incident(kind, subject)
        incidents.record_recovery(kind, subject)
    assert [doubt.sentence.partition(":")[0] for doubt in find_doubts()] == [Kind.OUTAGE.label]


def test_rejected_events_that_wait_are_a_doubt_though_their_incident_be_resolved() -> None:
    rejected()
    _resolve()
    (doubt,) = find_doubts()
    assert doubt.sentence == "Rejected events wait for a decision and are not in the trail."
    RejectedEvent.objects.update(state=RejectedEvent.State.DISCARDED)
    assert find_doubts() == []


def test_of_very_many_incidents_some_are_named_and_the_rest_is_said() -> None:
    for number in range(MOST + 5):
        incident(Kind.GAP, f"writer-{number}")
    found = find_doubts()
    assert len(found) == MOST + 1
    assert found[-1].sentence == f"More than {MOST} incidents stand unresolved."


def test_a_page_says_what_was_searched_and_calls_a_doubted_answer_provisional() -> None:
    whole = render_to_string("components/_coverage.html", {"coverage": add_doubts(ASKED)})
    assert "Whole trail" in whole
    assert "all shards answered" in whole
    incident(Kind.GAP, "billing", "<b>billing</b>\u202e: 3 never arrived.")
    doubted = render_to_string("components/_coverage.html", {"coverage": add_doubts(ASKED)})
    assert "Provisional" in doubted
    assert "&lt;b&gt;billing&lt;/b&gt;⟨U+202E⟩: 3 never arrived." in doubted
