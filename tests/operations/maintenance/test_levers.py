"""Each small lever of the engine is an incident within a minute, says what to do, and is over when it was put right."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opensearchpy import Transport
from pytest_django import Settings

from operations.maintenance import index_watch
from operations.maintenance.index_watch import watch_indices
from operations.models import Incident
from tests.support import levers
from tests.support.factories.events import event, write
from tests.support.levers import Lever
from tests.support.missing_months import Month
from trail.connection import Trail
from trail.errors import Incomplete, TrailUnavailable
from trail.maintenance import months
from trail.mapping import index_for
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search
from trail.times import format_datetime


@pytest.fixture
def month(trail: Trail) -> Month:
    """The month of today, and one beside it."""
    at = format_datetime(datetime.now(UTC))
    events = (event(at=at, user__id="ann"), event(at=at, user__id="bob"))
    write(trail, *events, event(at="2026-10-01T00:00:00Z"))
    return Month(trail, index_for(trail.prefix, at), events)


@pytest.mark.django_db
@pytest.mark.parametrize("lever", levers.ALL, ids=lambda lever: lever.name)
def test_a_lever_is_one_incident_that_says_what_to_do_until_it_is_put_right(month: Month, lever: Lever) -> None:
    watch_indices()
    Incident.objects.all().delete()
    lever.pull(month)
    try:
        watch_indices()
        watch_indices()
        (incident,) = Incident.objects.all()
        assert [word for word in lever.says if word not in incident.what] == []
        assert incident.over_at is None
    finally:
        lever.put_right(month)
    watch_indices()
    (incident,) = Incident.objects.all()
    assert incident.over_at is not None


@pytest.mark.django_db
def test_an_engine_on_which_nothing_was_installed_yet_is_no_incident(trail: Trail, settings: Settings) -> None:
    settings.TRAIL_PREFIX = "nobody"
    watch_indices()
    assert not Incident.objects.exists()


@pytest.mark.django_db
def test_looking_costs_the_same_requests_whatever_the_number_of_months(
    month: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    perform = Transport.perform_request

    def recorded(self: Transport, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        sent.append(f"{method} {url}")
        return perform(self, method, url, *arguments, **options)

    write(
        month.trail, *(event(at=f"20{year}-0{number}-01T00:00:00Z") for year in (23, 24, 25) for number in range(1, 9))
    )
    watch_indices()
    monkeypatch.setattr(Transport, "perform_request", recorded)
    watch_indices()
    assert len(sent) == 3, sent
    write(month.trail, *(event(at=f"2022-0{number}-01T00:00:00Z") for number in range(1, 9)))
    sent.clear()
    watch_indices()
    assert len(sent) == 4, sent  # and the mappings of the months that are new, together
    assert not Incident.objects.exists()


@pytest.mark.django_db
def test_an_engine_that_does_not_answer_is_an_outage_and_no_lever(no_trail: None) -> None:
    with pytest.raises(TrailUnavailable):
        watch_indices()
    assert not Incident.objects.exists()


@pytest.mark.django_db
def test_a_month_that_was_finished_is_no_lever(trail: Trail) -> None:
    write(trail, event(at="2026-01-15T00:00:00Z"))
    list(months.finish_months(trail, datetime.now(UTC) + timedelta(days=2), timedelta(days=7)))
    watch_indices()
    assert not Incident.objects.exists()
    late = f"{trail.prefix}-events-2026.01-late"
    trail.client.indices.put_settings(index=late, body={"index.blocks.write": True})
    watch_indices()
    assert "it takes no events" in Incident.objects.get().what


@pytest.mark.django_db
def test_nothing_is_said_never_to_have_been_while_events_may_not_be_found_by_a_changed_field(month: Month) -> None:
    """`ignore_above: 1` keeps what comes later out of the field, and the number of events is what it should be."""
    counts = {month.index: 2}
    trail = replace(month.trail, read_sealed=lambda: counts, read_doubt=index_watch.read_doubt, recent={})
    eve = Search(text="user.id:eve")
    (lever,) = (lever for lever in levers.FIELDS if lever.name == "user.id ignore_above")
    watch_indices()
    assert execute.count(trail, eve, WHOLE_TRAIL) == 0
    lever.pull(month)
    write(month.trail, event(at=month.events[0]["@timestamp"], user__id="eve"))
    watch_indices()
    trail.recent.clear()
    for is_right in (False, True):
        with pytest.raises(Incomplete, match=r"The field user\.id of .*; see the incident, and resolve it"):
            execute.count(trail, eve, WHOLE_TRAIL)
        assert "The field user.id" in execute.read_page(trail, eve, WHOLE_TRAIL).missing
        if not is_right:
            lever.put_right(month)
            watch_indices()
            trail.recent.clear()
    incident = Incident.objects.get()
    assert incident.over_at is not None
    Incident.objects.update(resolved_at=incident.over_at)
    trail.recent.clear()
    assert execute.count(trail, eve, WHOLE_TRAIL) == 0  # whoever resolved it knows
