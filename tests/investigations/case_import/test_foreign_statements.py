"""What a case bundle brings beside events: result sets, findings, what was entered by hand, and clock skews."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from investigations.case_import.errors import BadCaseBundle
from investigations.case_import.foreign_statements import check_statement
from investigations.clock_skews import services as clock_skews
from investigations.detections.finding_statements import pin_finding
from investigations.manual_events import services as manual_events
from investigations.manual_events.services import ManualEventWords
from investigations.models import Case, Evidence
from investigations.pin_batches.result_sets import pin_result_set
from tests.investigations.case_import.test_case_import import bring_in, change_case, nothing_is_written, upload
from tests.investigations.exports.test_case_bundle import export_case_bundle
from tests.support.factories.cases import pin, run
from tests.support.factories.events import use
from tests.support.factories.searches import finding
from trail.connection import Trail

CALL = ManualEventWords(kind="call", title="<b>They called", starts="2026-03-01T09:00:00Z", phase="detected")


@pytest.fixture
def file(case: Case, alice: User, trail: Trail, seal: Callable[[], object]) -> bytes:
    pin(trail, case, alice, use("t", id="e1"))
    seal()
    pin_result_set(run=run(alice, text="token.id:t", case=case), case=case, reason="All of it", by=alice)
    pin_finding(finding=finding(alice), case=case, reason="It was seen", by=alice)
    event = manual_events.add_manual_event(case=case, words=CALL, by=alice)
    changed = ManualEventWords(
        kind="call", title="They called twice", starts="2026-03-01T10:00:00.5Z", phase="detected"
    )
    manual_events.change_manual_event(event=event, words=changed, revision=1, by=alice)
    clock_skews.add_clock_skew(case=case, field="service.name", value="auth", offset=-5, reason="NTP", by=alice)
    seal()
    return export_case_bundle(case, alice)


def test_every_kind_comes_and_its_page_shows_it(file: bytes, case: Case, lea: User, client: Client) -> None:
    here = bring_in(file, lea)
    kinds = list(here.evidence.order_by("number").values_list("kind", flat=True))
    assert kinds == ["event", "result_set", "finding"]
    client.force_login(lea)
    for number in (1, 2, 3):
        assert client.get(f"/cases/{here.public_id}/evidence/{number}/").status_code == 200
    entered = here.manual_events.get()
    assert (entered.title, entered.phase, entered.created_by) == ("They called twice", "detected", None)
    assert entered.created_by_name == f"Alice ({here.foreign.origin})"
    assert [version.words["title"] for version in entered.versions.order_by("number")] == [
        "<b>They called",
        "They called twice",
    ]
    skew = here.clock_skews.get()
    assert (skew.value, skew.offset) == ("auth", -5)
    assert client.get(f"/cases/{here.public_id}/").status_code == 200
    assert client.get(f"/cases/{here.public_id}/manual-events/1/").status_code == 200


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("manual_events", "versions", []),
        ("manual_events", "versions", [{"title": "x", "starts": "noon"}]),
        ("clock_skews", "offset_ns", 10**18),
        ("clock_skews", "source_field", "user.id"),
    ],
)
def test_what_is_not_as_it_should_be_is_refused(file: bytes, lea: User, section: str, name: str, value: Any) -> None:
    with nothing_is_written(), pytest.raises(BadCaseBundle):
        upload(change_case(file, lambda told: told[section][0].update({name: value})), lea)


def test_a_statement_without_any_of_its_members_is_shown_by_no_page(file: bytes, case: Case) -> None:
    for evidence in case.evidence.exclude(kind=Evidence.Kind.EVENT):
        statement = evidence.document
        check_statement(statement, evidence.kind, evidence.label)
        for name in statement.keys() - {"checkpoint", "run", "provisional"}:
            for changed in (
                {key: value for key, value in statement.items() if key != name},
                statement | {name: 7.5},
                statement | {name: None},
            ):
                with pytest.raises(BadCaseBundle):
                    check_statement(changed, evidence.kind, evidence.label)
        with pytest.raises(BadCaseBundle, match="not of the kind"):
            check_statement(statement, Evidence.Kind.ABSENCE, evidence.label)
