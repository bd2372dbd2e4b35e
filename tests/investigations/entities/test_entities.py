"""What a case is about, and what people think of it."""

from importlib import import_module

import pytest
from django.apps import apps
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from accounts.models import User
from core.errors import Refused
from investigations.entities import services as entities
from investigations.evidence import services as evidence_services
from investigations.models import Case, CaseEntity, Verdict
from tests.support.factories.cases import close_case, open_case, pin
from tests.support.factories.events import use
from tests.support.pages import at_sign_in, audit_log
from trail.connection import Trail

USE = {"user__id": "usr_7", "source__ip": "203.0.113.77", "service__name": "secrets", "resource__id": "DATABASE_URL"}
WORDS = {"field": "source.ip", "value": "203.0.113.77", "word": "malicious", "reason": "Nobody of ours"}


@pytest.fixture
def page(case: Case) -> str:
    return f"/cases/{case.public_id}/entities/"


@pytest.fixture
def pinned(case: Case, alice: User, trail: Trail) -> None:
    pin(trail, case, alice, use("tok_1", **USE), use("tok_1", **USE | {"resource__id": "STRIPE_KEY"}))


@pytest.mark.usefixtures("pinned")
def test_they_are_collected_from_what_is_pinned(client: Client, case: Case, rae: User, page: str) -> None:
    client.force_login(rae)
    shown = client.get(page)
    summaries = {(entity.field, entity.value): entity.count for entity in shown.context["entities"]}
    assert summaries == {
        ("token.id", "tok_1"): 2,
        ("user.id", "usr_7"): 2,
        ("source.ip", "203.0.113.77"): 2,
        ("service.name", "secrets"): 2,
        ("resource.id", "DATABASE_URL"): 1,
        ("resource.id", "STRIPE_KEY"): 1,
    }
    assertContains(shown, 'class="verdict">unknown')
    assertNotContains(shown, "Save the verdict")
    assertContains(client.get(f"/cases/{case.public_id}/"), 'href="?f=user.id%3Ausr_7"')


@pytest.mark.usefixtures("pinned")
def test_it_is_judged_beside_the_timeline_by_who_may_write(
    client: Client, case: Case, bob: User, rae: User, page: str
) -> None:
    timeline = f"/cases/{case.public_id}/"
    client.force_login(rae)
    assertNotContains(client.get(timeline), 'class="judge"')
    client.force_login(bob)
    before = client.get(timeline)
    assertContains(before, 'aria-label="Judge 203.0.113.77"')
    assertRedirects(client.post(page, WORDS | {"back": "timeline"}), timeline)
    after = client.get(timeline)
    assertContains(after, '<option value="malicious" selected>')
    forms = [{entity.value: entity.form_id for entity in shown.context["entities"]} for shown in (before, after)]
    assert {value for value in forms[0] if forms[0][value] != forms[1][value]} == {"203.0.113.77"}


@pytest.mark.usefixtures("pinned")
def test_what_somebody_thinks_of_one_is_on_record_and_the_latest_counts(
    client: Client, case: Case, bob: User, page: str, trail: Trail
) -> None:
    client.force_login(bob)
    assertRedirects(client.post(page, WORDS | {"word": "suspicious"}), page)
    assertRedirects(client.post(page, WORDS), page)
    first = client.get(page).context["entities"][0]
    assert (first.value, first.verdict.word, first.verdict.by_name) == ("203.0.113.77", "malicious", "Bob")
    assertContains(client.get(f"/cases/{case.public_id}/"), "verdict--malicious")
    assert [verdict.word for verdict in Verdict.objects.all()] == ["malicious", "suspicious"]
    recorded = audit_log(trail, "case.entity.judge")
    assert [document["labels"]["verdict"] for document in recorded] == ["suspicious", "malicious"]


def test_one_that_is_in_no_evidence_can_be_named(client: Client, case: Case, alice: User, page: str) -> None:
    client.force_login(alice)
    client.post(page, WORDS | {"field": "token.id", "value": " tok_elsewhere ", "word": "cleared"})
    (entity,) = client.get(page).context["entities"]
    assert (entity.value, entity.count) == ("tok_elsewhere", 0)


@pytest.mark.parametrize("wrong", [{"field": "labels.x"}, {"value": " "}, {"word": "dubious"}])
def test_what_is_no_verdict_is_refused(
    client: Client, case: Case, alice: User, page: str, wrong: dict[str, str]
) -> None:
    client.force_login(alice)
    assertContains(client.post(page, WORDS | wrong), "Nobody of ours", status_code=400)
    with pytest.raises(Refused):
        entities.judge_entity(case=case, by=alice, **(WORDS | wrong))
    assert not Verdict.objects.exists()


@pytest.mark.usefixtures("pinned")
def test_what_was_withdrawn_is_not_counted(case: Case, alice: User) -> None:
    evidence_services.withdraw(evidence=case.evidence.get(number=2), reason="A mistake", by=alice)
    summaries = entities.list_entities(case, most=100)
    assert "STRIPE_KEY" not in {entity.value for entity in summaries}


@pytest.mark.usefixtures("pinned")
def test_other_cases_about_the_same_are_named_as_far_as_one_may_see_them(
    client: Client, case: Case, alice: User, charlie: User, bob: User, trail: Trail, page: str
) -> None:
    same_user = open_case(alice, title="The same user", members=(bob,))
    pin(trail, same_user, alice, use("tok_other", user__id="usr_7", service__name="secrets"))
    same_service = open_case(alice, title="Only the same service", members=(bob,))
    pin(trail, same_service, alice, use("tok_third", user__id="usr_9", service__name="secrets"))
    hidden = open_case(charlie, title="Of a stranger")
    pin(trail, hidden, charlie, use("tok_1", user__id="usr_7"))
    same_event = open_case(alice, title="The same event", members=(bob,))
    evidence_services.pin(case=same_event, event_ids=[case.evidence.first().event_id], reason="again", by=alice)
    client.force_login(bob)
    for address in (page, f"/cases/{case.public_id}/"):
        shown = client.get(address)
        for words in (same_user.number, "The same event"):
            assertContains(shown, words)
        for words in ("Only the same service", "Of a stranger"):
            assertNotContains(shown, words)


def test_a_value_that_no_database_holds_is_left_out_and_the_event_pinned_all_the_same(
    case: Case, alice: User, trail: Trail
) -> None:
    pin(trail, case, alice, use("tok_1", user__id="usr\0_7", resource__id="x" * 600))
    values = set(CaseEntity.objects.values_list("value", flat=True))
    assert "tok_1" in values
    assert not any("\0" in value or len(value) > 512 for value in values)


@pytest.mark.usefixtures("pinned")
def test_what_was_pinned_before_has_its_entities_too() -> None:
    before = set(CaseEntity.objects.values_list("case", "field", "value"))
    CaseEntity.objects.all().delete()
    import_module("investigations.migrations.0022_entities_of_evidence").collect_entities(apps, None)
    assert set(CaseEntity.objects.values_list("case", "field", "value")) == before


def test_a_closed_case_a_trail_that_is_down_and_who_may_not(
    client: Client, case: Case, alice: User, charlie: User, rae: User, page: str
) -> None:
    close_case(case, alice)
    client.force_login(alice)
    assertContains(client.post(page, WORDS), "This case is closed; reopen it to change it.", status_code=400)
    client.force_login(rae)
    assert client.post(page, WORDS).status_code == 403
    client.force_login(charlie)
    assert [client.get(page).status_code, client.post(page, WORDS).status_code] == [404, 404]
    client.logout()
    assert at_sign_in(client.get(page), page)
    assert not Verdict.objects.exists()
