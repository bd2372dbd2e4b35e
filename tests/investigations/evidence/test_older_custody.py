"""The custody of evidence that was pinned before there was custody, which a migration enters."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from investigations.evidence import services as evidence
from investigations.models import Case, CustodyEntry
from tests.support.factories.cases import pin
from tests.support.factories.events import use
from trail.connection import Trail

migration = import_module("investigations.migrations.0032_custody_of_older_evidence")


def migrate() -> None:
    with connection.schema_editor() as editor:
        migration.write_custody(apps, editor)


def acts() -> list[tuple[int, str]]:
    return list(CustodyEntry.objects.order_by("pk").values_list("evidence__number", "action"))


@pytest.mark.django_db(transaction=True)
def test_each_act_is_entered_once_in_the_order_of_time_however_often_it_is_applied(
    case: Case, alice: User, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "AT_ONCE", 2)
    first, _ = pin(trail, case, alice, use("t", id="a"), use("t", id="b"))
    evidence.withdraw(evidence=first, reason="Not ours", by=alice)
    pin(trail, case, alice, use("t", id="c"))
    before = acts()
    migrate()
    assert acts() == before
    CustodyEntry.objects.all()._raw_delete(connection.alias)
    with CaptureQueriesContext(connection) as queries:
        migrate()
    assert acts() == before == [(1, "pin"), (2, "pin"), (1, "withdraw"), (3, "pin")]
    assert not any("frozen" in query["sql"] for query in queries)
    migrate()
    assert acts() == before
