"""Who leaves a case sees nothing of it any more: in lists, in files, behind short links."""

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from accounts.roles import Role
from investigations.cases import services as cases
from investigations.exports import services as exports
from investigations.models import Case, Export, PastSearch
from tests.support.factories.cases import export, run
from tests.support.factories.searches import link
from tests.support.pages import bytes_of, events_on
from trail.connection import Trail


def _leave(case: Case, user: User) -> None:
    cases.remove_member(case=case, user=user, by=case.opened_by)


@pytest.fixture
def taken_out(case: Case, bob: User, trail: Trail) -> Export:
    """A file of bob's outside the case, which holds the case's own records."""
    trail.client.indices.refresh(index=trail.events)
    return export(bob, run=run(bob, text=f"resource.id:{case.public_id}"))


def test_the_history_names_no_case_that_somebody_has_left(client: Client, case: Case, bob: User) -> None:
    client.force_login(bob)
    client.get("/", {"q": "user.id:mallory", "case": case.public_id})
    assertContains(client.get("/searches/"), case.title)
    _leave(case, bob)
    response = client.get("/searches/")
    assertContains(response, "user.id:mallory")
    assertNotContains(response, case.title)
    assertNotContains(response, case.public_id)
    assert PastSearch.objects.get().case == case  # who comes back finds it again


def test_a_file_outside_a_case_is_not_handed_out_to_who_has_left_a_case_since(
    client: Client, case: Case, bob: User, taken_out: Export
) -> None:
    client.force_login(bob)
    page = f"/exports/{taken_out.public_id}/file/"
    assert case.public_id in bytes_of(client.get(page)).decode()
    _leave(case, bob)
    assertContains(client.get(page, follow=True), "may hold records of a case that you may not see any more")


def test_what_is_exported_again_holds_nothing_of_the_case(
    client: Client, case: Case, bob: User, taken_out: Export
) -> None:
    _leave(case, bob)
    again = exports.start(format="csv", by=bob, run=taken_out.run)
    exports.write_export(again.pk)
    client.force_login(bob)
    assert case.public_id not in bytes_of(client.get(f"/exports/{again.public_id}/file/", follow=True)).decode()


def test_a_lead_who_is_one_no_more_gets_no_file_of_when_they_saw_every_case(
    client: Client, case: Case, lea: User, trail: Trail
) -> None:
    taken_out = export(lea, run=run(lea, text=f"resource.id:{case.public_id}"))
    User.objects.filter(pk=lea.pk).update(role=Role.ANALYST)
    client.force_login(lea)
    page = f"/exports/{taken_out.public_id}/file/"
    assertContains(client.get(page, follow=True), "may hold records of a case that you may not see any more")


def test_a_fixed_short_link_shows_who_has_left_nothing_of_the_case(
    client: Client, case: Case, bob: User, trail: Trail
) -> None:
    trail.client.indices.refresh(index=trail.events)
    made = link(bob, f"resource.id:{case.public_id}", fixed=True)
    client.force_login(bob)
    assert events_on(client.get(f"/s/{made.public_id}/", follow=True))
    _leave(case, bob)
    assert events_on(client.get(f"/s/{made.public_id}/", follow=True)) == []


def test_a_short_link_does_not_tell_who_made_it_first(client: Client, alice: User, bob: User, trail: Trail) -> None:
    made = link(alice)
    client.force_login(bob)
    response = client.get(f"/s/{made.public_id}/about/")
    assertNotContains(response, "Alice")
    assertNotContains(response, "Made by")
