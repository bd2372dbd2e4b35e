"""What somebody looks at, sends or is refused is on record, however the view is made, and while the trail is down too."""

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from core import access_spool
from investigations.models import Case
from operations.models import KeyScope
from tests.support.factories.keys import bearer, writer_key
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.documents import get

pytestmark = pytest.mark.django_db


def test_an_access_names_the_address_the_client_the_session_and_how_long_it_took(
    client: Client, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    client.get("/?q=user.id:nobody", headers={"User-Agent": "Firefox/140"}, REMOTE_ADDR="203.0.113.7")
    (record,) = audit_log(trail, "search.run", whole=True)
    assert (get(record, "source.ip"), get(record, "user_agent.original")) == ("203.0.113.7", "Firefox/140")
    assert get(record, "labels.hits") == "0"
    assert int(get(record, "labels.duration_ms")) >= 0
    session = client.session.session_key
    assert session is not None
    assert len(get(record, "labels.session")) == 32
    assert session not in str(record)


def test_a_stranger_who_asks_for_a_case_is_on_record_as_refused(
    client: Client, case: Case, charlie: User, trail: Trail
) -> None:
    client.force_login(charlie)
    assert client.get(f"/cases/{case.public_id}/").status_code == 404
    (record,) = audit_log(trail, "access.refuse")
    assert (get(record, "user.id"), get(record, "event.outcome"), get(record, "event.reason")) == (
        "charlie",
        "failure",
        "not_found",
    )
    assert get(record, "resource") == {"type": "case", "id": case.public_id}


def test_opening_a_case_is_on_record_and_its_title_is_not(
    client: Client, case: Case, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    client.get(f"/cases/{case.public_id}/")
    (record,) = audit_log(trail, "case.read")
    assert (get(record, "user.id"), get(record, "resource.id")) == ("alice", case.public_id)
    assert case.title not in str(record)


def test_while_the_trail_is_down_a_look_goes_on_and_is_on_record_later(
    client: Client, case: Case, alice: User, trail: Trail, settings: Settings
) -> None:
    node = settings.OPENSEARCH_URL
    client.force_login(alice)
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    assert client.get(f"/cases/{case.public_id}/").status_code == 200
    assert access_spool.count_waiting() == 1
    settings.OPENSEARCH_URL = node
    assert len(audit_log(trail, "case.read")) == 1
    assert access_spool.count_waiting() == 0


def test_where_no_record_can_be_kept_nothing_is_shown(
    client: Client, case: Case, alice: User, settings: Settings
) -> None:
    client.force_login(alice)
    settings.ACCESS_SPOOL_DIR = "/dev/null/nowhere"
    response = client.get(f"/cases/{case.public_id}/")
    assert response.status_code == 503
    assert case.title not in response.content.decode()


def test_a_program_reads_in_json_that_what_it_asked_cannot_be_put_on_record(
    client: Client, ada: User, trail: Trail, settings: Settings
) -> None:
    _, shown = writer_key(ada, name="Filebeat", scope=KeyScope.WRITE)
    settings.ACCESS_SPOOL_DIR = "/dev/null/nowhere"
    answer = client.get("/api/v1/tokens/t-1", headers=bearer(shown))
    assert (answer.status_code, answer["Content-Type"], answer["Retry-After"]) == (503, "application/json", "5")
    assert answer.json()["error"].startswith("What is looked at cannot be put on record")
