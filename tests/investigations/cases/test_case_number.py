"""The number by which people call a case."""

from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from investigations.cases import services as cases
from investigations.cases.numbers import allot_number, format_number, read_number
from investigations.models import Case, CaseSerial
from tests.support.concurrency import at_once
from tests.support.factories.cases import open_case


@pytest.mark.usefixtures("trail")
def test_cases_are_counted_within_their_year(alice: User) -> None:
    year = datetime.now(UTC).year
    numbers = [open_case(alice, title=title).number for title in ("One", "Two")]
    assert numbers == [f"C-{year}-0001", f"C-{year}-0002"]
    assert allot_number(year + 1) == f"C-{year + 1}-0001"


@pytest.mark.usefixtures("no_trail")
def test_a_case_that_was_not_opened_takes_no_number(client: Client, alice: User) -> None:
    client.force_login(alice)
    client.post("/cases/new/", {"title": "Lost", "severity": "low"})
    assert not CaseSerial.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("trail")
def test_people_who_open_cases_at_once_get_a_number_each(alice: User, bob: User) -> None:
    at_once(*(lambda person=person: cases.open_case(title="At once", by=person) for person in (alice, bob) * 3))
    year = datetime.now(UTC).year
    assert set(Case.objects.values_list("number", flat=True)) == {format_number(year, n) for n in range(1, 7)}


def test_its_address_leads_to_the_case_of_who_may_see_it(
    client: Client, case: Case, alice: User, charlie: User
) -> None:
    client.force_login(alice)
    for number in (case.number, case.number.lower(), case.number.replace("-000", "-")):
        assertRedirects(client.get(f"/cases/{number}/"), f"/cases/{case.public_id}/")
    assert client.get("/cases/C-1999-0001/").status_code == 404
    client.force_login(charlie)
    assert client.get(f"/cases/{case.number}/").status_code == 404


def test_the_command_bar_finds_it(client: Client, case: Case, alice: User, charlie: User) -> None:
    client.force_login(alice)
    assertContains(client.get("/jump/options/", {"q": case.number.lower()}), case.title)
    client.force_login(charlie)
    assert case.title not in client.get("/jump/options/", {"q": case.number}).content.decode()


@given(st.integers(1, 9999), st.integers(1, 99_999_999))
def test_what_is_written_is_read(year: int, serial: int) -> None:
    if year >= 1000:
        assert read_number(f" {format_number(year, serial).lower()} ") == format_number(year, serial)


@pytest.mark.parametrize("text", ["", "C-2026", "C-26-1", "C-2026-", "C-2026-0001x", "C-\u0662026-0001", "E-2026-0001"])
def test_what_is_none_is_not_read(text: str) -> None:
    assert read_number(text) == ""


@pytest.mark.django_db
def test_cases_from_before_are_numbered_in_the_order_in_which_they_were_opened(alice: User) -> None:
    for number, day in (("b", "2024-02-01"), ("a", "2024-01-01"), ("c", "2025-01-01")):
        made = Case.objects.create(number=number, title=number, opened_by=alice, opened_by_name="Alice")
        Case.objects.filter(pk=made.pk).update(opened_at=datetime.fromisoformat(f"{day}T00:00:00+00:00"))
    import_module("investigations.migrations.0017_case_number").number_cases(apps, None)
    numbers = dict(Case.objects.values_list("title", "number"))
    assert numbers == {"a": "C-2024-0001", "b": "C-2024-0002", "c": "C-2025-0001"}
    assert allot_number(2024) == "C-2024-0003"
