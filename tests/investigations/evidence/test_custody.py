"""Custody: what is done with evidence stands on record, in order, with who, when and from where, and is never changed."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from itertools import pairwise

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from investigations.case_verification import services as case_verification
from investigations.evidence import custody
from investigations.evidence import services as evidence
from investigations.evidence.custody import Action
from investigations.exports import services as exports
from investigations.models import Case, CaseVerification, CustodyEntry, Evidence, Export
from tests.support.factories.cases import export, pin
from tests.support.factories.events import use, write
from tests.support.pages import bytes_of
from trail.connection import Trail
from trail.errors import TrailUnavailable

ALICE_SITS, BOB_SITS = "203.0.113.7", "203.0.113.8"


@pytest.fixture
def copy(case: Case, alice: User, trail: Trail) -> Evidence:
    return pin(trail, case, alice, use("t", id="e1"))[0]


@pytest.fixture
def page(copy: Evidence) -> str:
    return f"/cases/{copy.case.public_id}/evidence/{copy.number}/"


def acts(copy: Evidence) -> list[str]:
    return [entry.action for entry in custody.read_custody(copy)]


def test_the_whole_life_of_evidence_is_in_custody_in_order_with_who_and_from_where(
    client: Client, case: Case, alice: User, bob: User, trail: Trail, seal: Callable[[], object]
) -> None:
    write(trail, use("t", id="e1"))
    seal()
    at = f"/cases/{case.public_id}/"
    client.force_login(alice)
    alices = {"REMOTE_ADDR": ALICE_SITS, "HTTP_USER_AGENT": "Firefox/140"}
    client.post("/evidence/pin/", {"case": case.public_id, "event": ["e1"], "reason": "It matters"}, **alices)
    client.get(f"{at}evidence/1/", **alices)
    client.post(f"{at}evidence/1/annotate/", {"relevance": "key", "tags": "exfil", "revision": "1"}, **alices)
    client.force_login(bob)
    bobs = {"REMOTE_ADDR": BOB_SITS, "HTTP_USER_AGENT": "curl/8"}
    client.post(f"{at}verify/", **bobs)
    case_verification.verify_case(CaseVerification.objects.get().pk)
    client.post(f"{at}export/", {"format": "csv"}, **bobs)
    exports.write_export(Export.objects.get().pk)
    bytes_of(client.get(f"/exports/{Export.objects.get().public_id}/file/", **bobs))
    client.post(f"{at}evidence/1/", {"reason": "It was a drill"}, **bobs)
    entries = list(custody.read_custody(case.evidence.get()))
    assert [(entry.action, entry.by, entry.by_name, entry.address, entry.client) for entry in entries] == [
        ("pin", alice, "Alice", ALICE_SITS, "Firefox/140"),
        ("view", alice, "Alice", ALICE_SITS, "Firefox/140"),
        ("annotate", alice, "Alice", ALICE_SITS, "Firefox/140"),
        ("verify", bob, "Bob", BOB_SITS, "curl/8"),
        ("verify", bob, "Bob", BOB_SITS, "curl/8"),  # before the export
        ("export", bob, "Bob", BOB_SITS, "curl/8"),
        ("download", bob, "Bob", BOB_SITS, "curl/8"),
        ("withdraw", bob, "Bob", BOB_SITS, "curl/8"),
    ]
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    assert [entry.detail for entry in entries][2:5] == ["relevance: key; tags: exfil", "intact", "intact"]
    assert [bool(entry.event_id) for entry in entries] == [True, False, True, False, False, False, False, True]


def test_it_is_shown_on_the_evidences_page(client: Client, rae: User, copy: Evidence, page: str) -> None:
    client.force_login(rae)
    response = client.get(page, REMOTE_ADDR=ALICE_SITS)
    assertContains(response, '<h2 id="custody">Custody</h2>', html=True)
    for text in ("Pinned", "Viewed", "Rae", ALICE_SITS):
        assertContains(response, text)


def test_looks_of_one_person_within_ten_minutes_are_one(
    client: Client, alice: User, bob: User, copy: Evidence, page: str
) -> None:
    client.force_login(alice)
    client.get(page)
    client.get(page)
    assert acts(copy) == ["pin", "view"]
    client.get(page, REMOTE_ADDR=ALICE_SITS)  # from elsewhere
    client.force_login(bob)
    client.get(page)
    assert acts(copy) == ["pin", "view", "view", "view"]


def test_a_look_after_ten_minutes_is_another(
    client: Client, alice: User, copy: Evidence, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(alice)
    client.get(page)
    monkeypatch.setattr(custody, "VIEWS_APART", timedelta(0))
    client.get(page)
    assert acts(copy) == ["pin", "view", "view"]


def test_a_stranger_leaves_no_custody(client: Client, charlie: User, copy: Evidence, page: str) -> None:
    client.force_login(charlie)
    client.get(page)
    assert acts(copy) == ["pin"]


def test_nobody_changes_or_deletes_an_entry(copy: Evidence) -> None:
    entry = CustodyEntry.objects.get()
    entry.by_name = "Nobody"
    for forbidden in (
        entry.save,
        entry.delete,
        lambda: CustodyEntry.objects.update(by_name="Nobody"),
        lambda: CustodyEntry.objects.bulk_update([entry], ["by_name"]),
        lambda: CustodyEntry.objects.all().delete(),
        lambda: copy.custody.all().delete(),
    ):
        with pytest.raises(TypeError):
            forbidden()
    entry.refresh_from_db()
    assert entry.by_name == "Alice"
    assert CustodyEntry not in admin.site._registry


def test_an_act_that_does_not_happen_is_not_in_custody(copy: Evidence, alice: User, settings: Settings) -> None:
    settings.OPENSEARCH_URL = "http://127.0.0.1:1"
    with pytest.raises(TrailUnavailable), transaction.atomic():
        evidence.withdraw(evidence=copy, reason="It was a drill", by=alice)
    assert acts(copy) == ["pin"]


def test_an_export_enters_all_its_evidence_with_as_many_queries_for_many_as_for_few(
    case: Case, alice: User, trail: Trail
) -> None:
    def count(number: int) -> int:
        pin(trail, case, alice, *(use("t") for _ in range(number)))
        made = exports.start(format="jsonl", by=alice, case=case)
        with CaptureQueriesContext(connection) as queries:
            exports.write_export(made.pk)
        return sum(not query["sql"].startswith("INSERT") for query in queries)

    count(1)
    assert count(9) == count(190)
    assert CustodyEntry.objects.filter(action=Action.EXPORT).count() == 1 + 10 + 200


def test_each_download_is_entered_for_all_that_the_file_holds_in_one_statement(
    client: Client, case: Case, alice: User, bob: User, trail: Trail
) -> None:
    pin(trail, case, alice, *(use("t", id=f"e{n}") for n in range(200)))
    made = export(alice, case=case)
    pin(trail, case, alice, use("t", id="later"))
    client.force_login(bob)
    with CaptureQueriesContext(connection) as queries:
        bytes_of(client.get(f"/exports/{made.public_id}/file/", REMOTE_ADDR=BOB_SITS))
    assert sum("INTO investigations_custodyentry" in query["sql"] for query in queries) == 1
    downloads = list(CustodyEntry.objects.filter(action=Action.DOWNLOAD).select_related("evidence"))
    assert [entry.evidence.number for entry in downloads] == list(range(1, 201))
    assert {(entry.by, entry.by_name, entry.address, entry.detail, entry.export) for entry in downloads} == {
        (bob, "Bob", BOB_SITS, made.name, made)
    }
    assert timezone.now() - downloads[0].at < timedelta(minutes=1)


def test_what_was_withdrawn_before_is_not_in_the_export_nor_its_custody(
    case: Case, alice: User, copy: Evidence, trail: Trail
) -> None:
    (other,) = pin(trail, case, alice, use("t", id="e2"))
    evidence.withdraw(evidence=copy, reason="Not ours", by=alice)
    made = export(alice, case=case)
    assert [entry.evidence for entry in made.custody.filter(action=Action.EXPORT)] == [other]


def test_a_case_shows_the_custody_of_all_evidence_page_by_page(
    client: Client, case: Case, rae: User, alice: User, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custody, "PAGE_SIZE", 3)
    pin(trail, case, alice, *(use("t", id=f"e{n}") for n in range(5)))
    client.force_login(rae)
    first = client.get(f"/cases/{case.public_id}/custody/")
    assert [act.labels for act in first.context["acts"]] == ["E3 to E5"]
    second = client.get(f"/cases/{case.public_id}/custody/?before={first.context['older']}")
    assert [act.numbers for act in second.context["acts"]] == [(2, 1)]
    assert second.context["older"] is None
    assertContains(second, "Newest")
    assertNotContains(second, "Verify all evidence")


def test_what_was_done_with_many_at_once_is_one_row_and_nothing_else_is(
    case: Case, alice: User, bob: User, trail: Trail
) -> None:
    pinned = pin(trail, case, alice, *(use("t", id=f"e{n}") for n in range(4)))
    custody.record_custody([pinned[0]], Action.VIEW, by=bob)
    custody.record_custody([pinned[1]], Action.VIEW, by=bob)
    acts = custody.fold_acts(custody.read_case_custody(case))
    assert [(act.entry.action, act.labels) for act in acts] == [("view", "E2"), ("view", "E1"), ("pin", "E1 to E4")]


@given(st.lists(st.tuples(st.sampled_from(["view", "pin"]), st.integers(1, 9), st.sampled_from("ab"))))
def test_folding_loses_no_entry_and_joins_only_what_is_alike(acts: list[tuple[str, int, str]]) -> None:
    at = timezone.now()
    entries = [
        CustodyEntry(action=action, evidence=Evidence(number=number), by_name=name, at=at)
        for action, number, name in acts
    ]
    folded = custody.fold_acts(entries)
    assert [(act.entry.action, number, act.entry.by_name) for act in folded for number in act.numbers] == acts
    kinds = [(act.entry.action, act.entry.by_name) for act in folded]
    assert all(before != after for before, after in pairwise(kinds))


def test_evidence_that_was_pinned_before_there_was_custody_is_given_what_is_on_record(
    case: Case, alice: User, bob: User, trail: Trail
) -> None:
    pinned = pin(trail, case, alice, use("t", id="e1"), use("t", id="e2"))
    evidence.withdraw(evidence=pinned[0], reason="Not ours", by=bob)
    CustodyEntry.objects.all()._raw_delete(CustodyEntry.objects.db)  # as on a console of an older version
    module = import_module("investigations.migrations.0032_custody_of_older_evidence")
    module.write_custody(apps, None)
    entries = CustodyEntry.objects.order_by("pk").values_list("evidence__number", "action", "by_name", "at")
    pinned[0].refresh_from_db()
    assert [entry[:3] for entry in entries] == [(1, "pin", "Alice"), (2, "pin", "Alice"), (1, "withdraw", "Bob")]
    assert entries[2][3] == pinned[0].withdrawn_at


def test_a_page_of_custody_takes_as_many_queries_for_two_hundred_as_for_ten(
    client: Client, case: Case, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    page = f"/cases/{case.public_id}/custody/"

    def count() -> int:
        client.get(page)
        with CaptureQueriesContext(connection) as queries:
            client.get(page)
        return len(queries)

    pin(trail, case, alice, *(use("t") for _ in range(10)))
    few = count()
    pin(trail, case, alice, *(use("t") for _ in range(190)))
    assert count() == few


def test_custody_is_streamed_in_batches(case: Case, alice: User, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(custody, "AT_ONCE", 2)
    pinned = pin(trail, case, alice, *(use("t", id=f"e{n}") for n in range(5)))
    keys = [copy.pk for copy in pinned if copy.number != 2]
    assert [entry.evidence.number for entry in custody.stream_custody(case, keys)] == [1, 3, 4, 5]
    assert timezone.now() >= max(entry.at for entry in custody.stream_custody(case, keys))
