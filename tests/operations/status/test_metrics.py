"""What a collector of metrics reads, as Prometheus's own parser understands it."""

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import User
from operations.models import KeyScope
from operations.writers import monitor
from tests.support.factories.events import event, write
from tests.support.factories.incidents import incident, rejected
from tests.support.factories.keys import bearer, writer_key
from tests.support.pages import text_of
from trail.connection import Trail

PAGE = "/metrics"


def read(client: Client, **headers: str) -> dict[tuple[str, ...], float]:
    response = client.get(PAGE, headers=headers)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain")
    families = list(text_string_to_metric_families(text_of(response)))
    assert all(family.documentation and family.type == "gauge" for family in families)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_a_key_that_reads_metrics_reads_them(client: Client, ada: User, trail: Trail) -> None:
    incident()
    rejected()
    write(trail, event(writer__id='w"\n', event__sequence=0))
    monitor.check_writers()
    _, shown = writer_key(ada, scope=KeyScope.METRICS)
    found = read(client, **bearer(shown))
    assert found["auditconsole_incidents", "outage", "failing"] == 1
    assert found["auditconsole_incidents", "gap", "failing"] == 0
    assert found["auditconsole_rejected_events", "waiting"] == 1
    assert found["auditconsole_writer_last_sequence", 'w"\n'] == 0
    assert found["auditconsole_part_up", "opensearch"] == 1
    assert found["auditconsole_part_up", "worker"] == 0


def test_an_admin_who_is_signed_in_reads_them_while_the_trail_is_down(
    client: Client, ada: User, no_trail: None
) -> None:
    client.force_login(ada)
    assert read(client)["auditconsole_part_up", "opensearch"] == 0


def test_a_role_without_a_scope_for_them_does_not_read_them(client: Client, rae: User, alice: User) -> None:
    for person in (rae, alice):
        client.force_login(person)
        assert client.get(PAGE).status_code == 403


@pytest.mark.parametrize("scope", [KeyScope.WRITE, KeyScope.LOG])
def test_another_key_does_not(client: Client, ada: User, trail: Trail, scope: KeyScope) -> None:
    _, shown = writer_key(ada, scope=scope)
    assert client.get(PAGE, headers=bearer(shown)).status_code == 403


def test_nobody_else_does(client: Client, db: None) -> None:
    assert client.get(PAGE).status_code == 401


def test_only_reading_is_allowed(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert client.post(PAGE).status_code == 405
