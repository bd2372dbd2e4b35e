"""Nobody makes months without a bound, whichever way events come; what is too much is answered, kept and can be imported."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from operations.imports.month_limit import limit_writer
from operations.models import Decision, OpenedMonth, RejectedEvent
from operations.rejected import decisions
from tests.support.factories.events import event, write
from tests.support.factories.ingest import send, stored
from tests.support.factories.keys import bearer, writer_key
from trail.connection import Trail
from trail.documents import get
from trail.times import format_datetime

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)


def months_back(*numbers: int) -> list[dict[str, Any]]:
    """An event of each month so many before this one."""
    return [event(id=f"back-{number}", at=time_back(number)) for number in numbers]


def time_back(number: int) -> str:
    month = NOW.year * 12 + NOW.month - 1 - number
    return f"{month // 12}-{month % 12 + 1:02d}-15T00:00:00Z"


def months_of(trail: Trail) -> set[str]:
    names = trail.client.indices.get_alias(index=f"{trail.events}-*", params={"allow_no_indices": "true"})
    return {name.removeprefix(f"{trail.events}-") for name in names}


def test_one_request_of_many_months_opens_few_and_the_other_entries_are_kept(
    client: Client, headers: dict[str, str], trail: Trail, settings: Settings
) -> None:
    settings.INGEST_OLDEST_DAYS = 60_000
    documents = [event(id="now", at=format_datetime(NOW)), *months_back(*range(2, 683))]
    answer = send(client, headers, *documents)
    answers = answer.json()["events"]
    assert answer.status_code == 422
    assert [a["id"] for a in answers if a["status"] == "created"] == ["now", "back-2", "back-3", "back-4"]
    refused = next(a for a in answers if a["id"] == "back-5")
    assert refused["expected"].startswith("expected a month that the trail has, or one of at most 3 new ones in a day")
    assert "import_events" in refused["expected"]
    assert len(months_of(trail)) <= 5
    assert RejectedEvent.objects.count() == 678
    assert RejectedEvent.objects.values("cause").distinct().count() == 1


def test_what_a_day_allows_holds_for_a_writer_over_all_processes_and_keys(
    client: Client, trail: Trail, ada: User
) -> None:
    for back in (2, 3, 4, 5):
        _, secret = writer_key(ada)
        send(client, bearer(secret), *months_back(back))
    assert set(stored(trail)) == {"back-2", "back-3", "back-4"}
    OpenedMonth.objects.update(at=NOW - timedelta(days=1, minutes=1))
    _, secret = writer_key(ada)
    assert send(client, bearer(secret), *months_back(6)).status_code == 200


def test_months_that_are_there_and_the_present_one_are_not_counted(
    client: Client, headers: dict[str, str], trail: Trail, settings: Settings
) -> None:
    settings.INGEST_NEW_MONTHS = 0
    write(trail, event(id="first", at=time_back(3)))
    trail.known_indices.clear()
    near = [format_datetime(NOW + timedelta(hours=hours)) for hours in (-23, 0, 23)]
    answer = send(client, headers, event(at=time_back(3)), *(event(at=time) for time in near))
    assert answer.status_code == 200
    assert not OpenedMonth.objects.exists()


def test_what_is_too_old_is_for_an_import_though_its_month_is_there(
    client: Client, headers: dict[str, str], trail: Trail
) -> None:
    write(trail, event(id="there", at=time_back(14)))
    (answer,) = send(client, headers, *months_back(14)).json()["events"]
    assert (answer["field"], answer["status"]) == ("@timestamp", "invalid")
    assert answer["expected"].startswith("expected a time of the last 366 days")
    assert not OpenedMonth.objects.exists()


def test_a_trail_that_does_not_answer_is_no_reason_to_reject(
    client: Client, headers: dict[str, str], trail: Trail, settings: Settings
) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    answer = send(client, headers, *months_back(2))
    assert answer.status_code == 503
    assert not RejectedEvent.objects.exists()


def test_usual_events_cost_no_look_at_the_database(trail: Trail, django_assert_num_queries: Any) -> None:
    from trail.events import parse_event

    with django_assert_num_queries(0):
        assert limit_writer("w").find_problems(trail, [parse_event(event(at=format_datetime(NOW)))]) == {}


def test_a_decision_about_many_rejected_events_opens_as_many_months_as_an_import(
    client: Client, headers: dict[str, str], trail: Trail, ada: User, settings: Settings
) -> None:
    settings.INGEST_NEW_MONTHS, settings.IMPORT_NEW_MONTHS = 0, 2
    send(client, headers, *months_back(2, 3, 4))
    decision = decisions.make_decision(kind=Decision.Kind.WRITE, rows=RejectedEvent.objects.all(), by=ada)
    outcomes = decisions.work_on_batch(decision)
    assert [outcome.status for outcome in outcomes] == ["created", "created", "invalid"]
    assert RejectedEvent.objects.get(state="waiting").problem.startswith("@timestamp: expected a month")


def _import(file: Path, *documents: dict[str, Any], **options: Any) -> str:
    file.write_text("".join(f"{json.dumps(document)}\n" for document in documents))
    out = StringIO()
    call_command("import_events", str(file), format="ecs", rejects=file.with_name("r"), stdout=out, **options)
    return out.getvalue()


def test_an_import_stops_before_a_month_too_many_and_goes_on_when_that_is_meant(
    trail: Trail, tmp_path: Path, settings: Settings
) -> None:
    settings.IMPORT_NEW_MONTHS = 24
    ten_years = months_back(*range(2, 122))
    with pytest.raises(
        CommandError, match=r"would be the 25th that is new in the trail.*--allow-months.*goes on safely"
    ):
        _import(tmp_path / "f", *ten_years)
    assert len(months_of(trail)) <= 24
    assert "120 records read" in _import(tmp_path / "f", *ten_years, allow_months=120)
    events = stored(trail).values()
    assert {get(document, "@timestamp")[:7] for document in events} == {one["@timestamp"][:7] for one in ten_years}
