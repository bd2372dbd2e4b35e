"""Stopping an export."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from investigations.cases import services as cases
from investigations.exports import services as exports
from investigations.models import Case, Export
from tests.support.factories.cases import export
from tests.support.pages import at_sign_in


@pytest.fixture
def queued(case: Case, alice: User) -> Export:
    return exports.start(format="csv", by=alice, case=case)


def _page(export: Export) -> str:
    return f"/exports/{export.public_id}/cancel/"


def test_a_cancelled_export_leaves_no_file(client: Client, bob: User, queued: Export) -> None:
    client.force_login(bob)
    assertRedirects(client.post(_page(queued)), f"/exports/{queued.public_id}/")
    exports.write_export(queued.pk)
    queued.refresh_from_db()
    assert (queued.state, queued.cancelled_by_name) == ("cancelled", "Bob")
    assert not exports.build_path(queued).exists()


def test_one_that_is_over_stays_and_that_is_said(client: Client, case: Case, alice: User) -> None:
    done = export(alice, case=case)
    client.force_login(alice)
    assertContains(client.post(_page(done), follow=True), "This export is over already.")
    assert exports.build_path(done).exists()


def test_a_stranger_gets_404(client: Client, charlie: User, queued: Export) -> None:
    client.force_login(charlie)
    assert client.post(_page(queued)).status_code == 404


def test_a_reader_gets_403(client: Client, case: Case, alice: User, rae: User, charlie: User, queued: Export) -> None:
    cases.add_member(case=case, user=charlie, level="reader", by=alice)
    for reader in (rae, charlie):
        client.force_login(reader)
        assert client.post(_page(queued)).status_code == 403
    queued.refresh_from_db()
    assert queued.state == "queued"


def test_an_export_that_is_not_there_is_404(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/exports/nosuchexport/cancel/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, queued: Export) -> None:
    assert at_sign_in(client.post(_page(queued)))


def test_a_link_does_not_do_it(client: Client, alice: User, queued: Export) -> None:
    client.force_login(alice)
    assert client.get(_page(queued)).status_code == 405
