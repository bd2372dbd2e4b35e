"""Several pieces of evidence are changed at once, all of them or none."""

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from investigations.models import Case, CustodyEntry, Evidence
from tests.support.factories.cases import close_case, pin
from tests.support.factories.events import use
from tests.support.pages import audit_log
from trail.connection import Trail


@pytest.fixture
def pinned(case: Case, alice: User, trail: Trail) -> list[Evidence]:
    return pin(trail, case, alice, *(use(f"tok_{number}") for number in range(4)))


def _address(case: Case) -> str:
    return f"/cases/{case.public_id}/evidence/change/"


def _send(client: Client, case: Case, chosen: list[str], **words: str) -> int:
    return client.post(_address(case), {"evidence": chosen, "act": "annotate"} | words).status_code


def test_all_that_is_chosen_is_changed_on_record_once_and_in_custody_of_each(
    client: Client, case: Case, bob: User, pinned: list[Evidence], trail: Trail
) -> None:
    client.force_login(bob)
    words = {"act": "annotate", "evidence": ["1:1", "2:1", "3:1"], "relevance": "key", "add_tag": " First  Use"}
    assertRedirects(client.post(_address(case), words), f"/cases/{case.public_id}/")
    assert [each.relevance for each in case.evidence.order_by("number")] == ["key", "key", "key", ""]
    assert [list(each.tags.values_list("name", flat=True)) for each in case.evidence.order_by("number")] == [
        ["first use"], ["first use"], ["first use"], [],
    ]  # fmt: skip
    (record,) = audit_log(trail, "case.evidence.annotate")
    assert record["labels"]["numbers"] == "E1 to E3"
    entries = CustodyEntry.objects.filter(action="annotate")
    assert {(entry.evidence.number, entry.detail) for entry in entries} == {
        (number, "relevance: key; tag: first use") for number in (1, 2, 3)
    }
    assert len({entry.event_id for entry in entries}) == 1


def test_they_are_withdrawn_for_one_reason(
    client: Client, case: Case, bob: User, pinned: list[Evidence], trail: Trail
) -> None:
    client.force_login(bob)
    page = client.post(_address(case), {"act": "withdraw", "evidence": ["1:1", "4:1"]})
    assertContains(page, "Say why", status_code=400)
    assertContains(page, 'value="4:1"', status_code=400)
    assert _send(client, case, ["1:1", "4:1"], act="withdraw", reason="Of another incident") == 302
    assert [each.number for each in case.evidence.not_withdrawn()] == [2, 3]
    assert {fact.evidence.number for fact in case.facts.not_withdrawn().select_related("evidence")} == {2, 3}
    assert case.evidence.get(number=4).withdrawn_reason == "Of another incident"
    (record,) = audit_log(trail, "case.evidence.withdraw")
    assert record["labels"]["count"] == "2"
    assert CustodyEntry.objects.filter(action="withdraw").count() == 2


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ([], {"relevance": "key"}),
        (["1:1", "2:1"], {}),
        (["1:1", "2:7"], {"relevance": "key"}),
        (["1:1", "99:1"], {"relevance": "key"}),
        (["1:1", "2:1"], {"add_tag": "one, two"}),
        (["1:1", "99:1"], {"act": "withdraw", "reason": "no"}),
        (["1:1"], {"act": "delete"}),
        (["1:1"], {"relevance": "dubious"}),
        (["x", "1"], {"relevance": "key"}),
    ],
)
def test_where_one_cannot_be_changed_none_is(
    client: Client,
    case: Case,
    bob: User,
    pinned: list[Evidence],
    chosen: list[str],
    words: dict[str, str],
    trail: Trail,
) -> None:
    client.force_login(bob)
    assert _send(client, case, chosen, **words) == 400
    assert not case.evidence.exclude(relevance="", withdrawn_at=None).exists()
    assert CustodyEntry.objects.exclude(action="pin").count() == 0


def test_what_is_so_already_is_left_as_it_is(client: Client, case: Case, bob: User, pinned: list[Evidence]) -> None:
    client.force_login(bob)
    _send(client, case, ["1:1"], relevance="key")
    assert _send(client, case, ["1:1", "2:1"], relevance="key") == 302
    assert [each.revision for each in case.evidence.order_by("number")[:2]] == [2, 2]
    assert _send(client, case, ["1:2", "2:2"], add_tag="a", remove_tag="b") == 302
    assert _send(client, case, ["1:3", "2:3"], remove_tag="a") == 302
    assert not case.evidence.filter(tags__name="a").exists()


def test_without_a_record_nothing_is_changed(
    client: Client, case: Case, bob: User, pinned: list[Evidence], settings: Settings
) -> None:
    client.force_login(bob)
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    assert _send(client, case, ["1:1"], relevance="key") == 503
    assert not case.evidence.filter(relevance="key").exists()


def test_nobody_changes_a_closed_case_nor_one_that_they_only_read(
    client: Client, case: Case, alice: User, rae: User, charlie: User, pinned: list[Evidence]
) -> None:
    client.force_login(rae)
    assert _send(client, case, ["1:1"], relevance="key") == 403
    client.force_login(charlie)
    assert _send(client, case, ["1:1"], relevance="key") == 404
    close_case(case, alice)
    client.force_login(alice)
    assert _send(client, case, ["1:1"], relevance="key") == 400
    assert client.get(_address(case)).status_code == 405
