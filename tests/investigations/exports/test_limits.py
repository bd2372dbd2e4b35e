"""What one person may have under way and kept as exports, and the end of a file."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from investigations import tasks
from investigations.exports import services as exports
from investigations.exports.files import build_path
from investigations.models import Case, Export
from tests.support.factories.cases import export, pin
from tests.support.factories.events import use
from tests.support.pages import audit_log
from trail.connection import Trail


@pytest.fixture
def made(case: Case, alice: User, trail: Trail) -> Export:
    """A finished export of a case's timeline, with its file."""
    pin(trail, case, alice, use("t"))
    return export(alice, case=case)


def test_a_person_has_so_many_exports_under_way_and_others_have_their_own(
    client: Client, case: Case, alice: User, bob: User, settings: Settings
) -> None:
    settings.EXPORTS_UNDER_WAY = 2
    for _ in range(2):
        exports.start(format="csv", by=alice, case=case)
    client.force_login(alice)
    response = client.post(f"/cases/{case.public_id}/export/", {"format": "csv"}, follow=True)
    assertContains(response, "2 exports of yours are under way, as many as may be")
    assert Export.objects.count() == 2
    exports.start(format="csv", by=bob, case=case)
    exports.cancel(export=Export.objects.filter(started_by=alice).latest("pk"), by=alice)
    exports.start(format="csv", by=alice, case=case)


def test_a_person_keeps_so_many_bytes_until_a_file_is_deleted(
    client: Client, made: Export, case: Case, alice: User, trail: Trail, settings: Settings
) -> None:
    settings.EXPORTS_KEPT_BYTES = made.size
    client.force_login(alice)
    response = client.post(f"/cases/{case.public_id}/export/", {"format": "csv"}, follow=True)
    assertContains(response, "more than the")
    assert Export.objects.count() == 1
    page = f"/exports/{made.public_id}/"
    assertRedirects(client.post(f"{page}remove/"), page)
    assert not build_path(made).exists()
    assert audit_log(trail, "export.remove")
    response = client.get(page)
    assertContains(response, "its record stays")
    assertContains(response, made.sha256)
    assertNotContains(response, f"{page}file/")
    assert client.post(f"/cases/{case.public_id}/export/", {"format": "csv"}).status_code == 302
    assert Export.objects.count() == 2


def test_a_reader_of_the_case_deletes_no_file(client: Client, made: Export, rae: User) -> None:
    client.force_login(rae)
    assert client.post(f"/exports/{made.public_id}/remove/").status_code == 403
    assert build_path(made).exists()


def test_a_file_ends_after_some_days_and_its_record_stays(
    client: Client, made: Export, alice: User, settings: Settings
) -> None:
    now = timezone.now()
    tasks.remove_expired_exports()
    assert build_path(made).exists()
    Export.objects.update(ended_at=now - timedelta(days=settings.EXPORT_DAYS, seconds=1))
    tasks.remove_expired_exports()
    tasks.remove_expired_exports()
    assert not build_path(made).exists()
    made.refresh_from_db()
    assert (made.state, made.done, made.removed_at is not None) == ("finished", 1, True)
    client.force_login(alice)
    response = client.get(f"/exports/{made.public_id}/file/", follow=True)
    assertContains(response, "The file was deleted on")
