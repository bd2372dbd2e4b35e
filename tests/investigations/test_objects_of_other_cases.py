"""What one case names of another is nothing that its people may not know: runs, searches, titles, numbers."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from investigations.cases import restriction
from investigations.cases import services as cases
from investigations.evidence import services as evidence
from investigations.evidence.services import PinWords
from investigations.exports.case_description import write_case, write_queries
from investigations.models import Case, CaseReport, PinBatch, Run
from investigations.pin_batches import services as pin_batches
from investigations.reports.content import build_report
from tests.support.factories.cases import open_case, run
from tests.support.factories.events import use, write
from tests.support.pages import audit_log, text_of
from tests.support.report_text import list_text
from trail.connection import Trail
from trail.search.spec import Search

SECRET = ("Operation Kingfisher", "user.id:kingfisher")


@pytest.fixture
def hidden(alice: User) -> Case:
    """alice's restricted case, of which bob may not know."""
    made = open_case(alice, title="Kingfisher")
    restriction.restrict(case=made, by=alice)
    return made


@pytest.fixture
def source(hidden: Case, case: Case, alice: User, bob: User, trail: Trail) -> Run:
    """A run of the restricted case; bob is in the open one."""
    write(trail, *(use(f"t{n}", id=f"e{n}", user__id="kingfisher", at=f"2026-10-01T00:00:0{n}Z") for n in range(3)))
    if not case.memberships.filter(user=bob).exists():
        cases.add_member(case=case, user=bob, level="member", by=alice)
    return run(alice, text=SECRET[1], case=hidden, title=SECRET[0])


def _tells(text: str) -> list[str]:
    """What a text tells of the restricted case; the events themselves are in the open one."""
    return [word for word in (*SECRET, "Kingfisher") if word in text]


@pytest.fixture
def batch(source: Run, case: Case, alice: User) -> PinBatch:
    made = pin_batches.start(case=case, run=source, words=PinWords("They matter"), by=alice)
    pin_batches.pin_results(made.pk)
    made.refresh_from_db()
    assert made.state == "finished", made.problem
    return made


def test_a_pin_from_a_run_of_a_restricted_case_names_nothing_of_it_to_people_of_the_open_one(
    client: Client, case: Case, alice: User, bob: User, source: Run, batch: PinBatch, trail: Trail
) -> None:
    client.force_login(bob)
    at = f"/cases/{case.public_id}/"
    pages = ["", "activity/", "custody/", "report/", "people/", "evidence/1/", "entities/"]
    for address in (*(at + page for page in pages), f"/pin-batches/{batch.public_id}/", "/", "/exports/", "/runs/"):
        page = client.get(address)
        assert page.status_code == 200, address
        assert _tells(text_of(page)) == [], address
        assert source.public_id not in text_of(page), address
    assert client.get(f"/runs/{source.public_id}/").status_code == 404
    assert [record for record in audit_log(trail, "case.evidence.pin.start") if _tells(str(record))] == []


def test_who_may_see_the_run_is_led_to_it(
    client: Client, case: Case, alice: User, source: Run, batch: PinBatch
) -> None:
    client.force_login(alice)
    for address in (f"/cases/{case.public_id}/evidence/1/", f"/pin-batches/{batch.public_id}/"):
        assert f"/runs/{source.public_id}/" in text_of(client.get(address))


def test_a_batch_that_is_under_way_is_not_called_by_what_it_searches(
    client: Client, case: Case, alice: User, bob: User, source: Run
) -> None:
    pin_batches.start(case=case, run=source, words=PinWords("They matter"), by=alice)
    client.force_login(bob)
    page = text_of(client.get(f"/cases/{case.public_id}/"))
    assert "a run that you may not see" in page
    assert _tells(page) == []


def test_events_that_are_chosen_on_the_page_of_a_run_say_no_more(
    client: Client, case: Case, alice: User, bob: User, source: Run
) -> None:
    search = Search.from_json(source.search)
    evidence.pin(case=case, event_ids=["e1"], reason="It matters", by=alice, search=search, run=source)
    client.force_login(bob)
    for page in ("evidence/1/", "report/", ""):
        assert _tells(text_of(client.get(f"/cases/{case.public_id}/{page}"))) == []
    assert "a background run that you may not see" in text_of(client.get(f"/cases/{case.public_id}/evidence/1/"))
    client.force_login(alice)
    own = open_case(alice, title="Of its own")
    evidence.pin(case=own, event_ids=["e1"], reason="x", by=alice, search=search)
    assert own.evidence.get().search == search.to_json()


@pytest.mark.parametrize("was_kept", [False, True])
def test_no_file_names_it_whoever_makes_it(
    case: Case, alice: User, source: Run, batch: PinBatch, was_kept: bool
) -> None:
    if was_kept:  # as evidence was before
        case.evidence.update(search=source.search)
    described = b"".join((*write_case(case), *write_queries(case))).decode()
    report = "\n".join(list_text(build_report(CaseReport(case=case), alice, timezone.now())))
    for text in (described, report):
        assert _tells(text) == []


def test_a_notice_of_a_batch_names_the_run_to_who_may_see_it_alone(
    client: Client, case: Case, hidden: Case, alice: User, batch: PinBatch
) -> None:
    client.force_login(alice)
    assert SECRET[0] in text_of(client.get("/notices/"))
    hidden.memberships.filter(user=alice).delete()
    assert SECRET[0] not in text_of(client.get("/notices/"))
