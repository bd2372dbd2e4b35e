"""Pinning the results of a run as a whole: counted, digested, proved, and asked again."""

import json
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from core.errors import Refused
from investigations.case_verification import services as case_verification
from investigations.evidence import services as evidence_services
from investigations.evidence import statements
from investigations.hypotheses import services as hypotheses
from investigations.models import Case, Evidence, Run
from investigations.pin_batches.result_sets import pin_result_set
from tests.investigations.exports.test_export_bundle import downloaded
from tests.support.factories.cases import export, pin, run
from tests.support.factories.events import use, write
from tests.support.offline_verifier import verify
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions.id_digest import ALGORITHM, digest_ids
from trail.questions.result_set import AskedAgain
from trail.questions.statements import digest_statement

IDS = [f"e{n}" for n in range(5)]
PAGE = "/evidence/result-set/"


@pytest.fixture
def results(alice: User, case: Case, trail: Trail) -> Run:
    write(trail, *(use("t", id=event_id, at=f"2026-11-01T00:00:{n:02}Z") for n, event_id in enumerate(IDS)))
    return run(alice, text="token.id:t", case=case, title="Uses of t")


@pytest.fixture
def pinned(client: Client, bob: User, case: Case, results: Run) -> Evidence:
    client.force_login(bob)
    client.post(PAGE, {"case": case.public_id, "reason": "All of it", "run": results.public_id})
    return case.evidence.get()


def page_of(evidence: Evidence) -> str:
    return f"/cases/{evidence.case.public_id}/evidence/{evidence.number}/"


def test_it_states_search_count_digest_and_checkpoint_and_its_record_names_the_statement(
    pinned: Evidence, results: Run, trail: Trail
) -> None:
    statement = pinned.document
    assert (pinned.kind, pinned.run, statement["counted"]) == ("result_set", results, 5)
    assert statement["ids"] == {"sha256": digest_ids(IDS)[0], "algorithm": ALGORITHM}
    assert statement["query"]["url"]["until"]
    assert {"checkpoint", "coverage", "left_out", "asked_by"} < statement.keys()
    assert pinned.digest == digest_statement(statement)
    (record,) = audit_log(trail, "case.evidence.pin")
    assert (record["labels"]["statement"], record["event"]["id"]) == (pinned.digest, pinned.event_id)


def test_its_page_asks_again_when_somebody_says_so(client: Client, rae: User, pinned: Evidence, trail: Trail) -> None:
    client.force_login(rae)
    page = client.get(page_of(pinned))
    assertContains(page, "5 events")
    assertContains(page, digest_ids(IDS)[0])
    assertNotContains(page, "Asked again")
    write(trail, use("t", id="later"))  # what arrives later is not of this result
    assertContains(client.get(f"{page_of(pinned)}?again=yes"), "the same 5 events, with the same digest of their ids")


def test_what_is_another_result_by_now_differs(client: Client, rae: User, pinned: Evidence) -> None:
    changed = pinned.document | {"ids": {"sha256": "0" * 64, "algorithm": ALGORITHM}}
    Evidence.objects.update(frozen=orjson.dumps(changed), digest=digest_statement(changed))
    client.force_login(rae)
    check = statements.check_statement(Evidence.objects.get(), on_demand=True)
    assert (check.copy, check.recorded, check.again) == (True, False, AskedAgain(5, False))
    assertContains(client.get(f"{page_of(pinned)}?again=yes"), "another digest. Tell whoever runs the console")


def test_of_very_many_only_the_count_is_asked_again(
    client: Client, rae: User, pinned: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trail.questions.result_set.MOST_AGAIN", 4)
    client.force_login(rae)
    assertContains(client.get(f"{page_of(pinned)}?again=yes"), "too many to compare while a page waits")


def test_a_run_whose_results_the_case_does_not_find_is_refused(
    client: Client, alice: User, case: Case, results: Run
) -> None:
    Run.objects.filter(pk=results.pk).update(done=6)
    client.force_login(alice)
    answer = client.post(PAGE, {"case": case.public_id, "reason": "x", "run": results.public_id})
    assertContains(answer, "run the search in this case", status_code=400)
    assert not Evidence.objects.exists()


def test_results_that_were_lost_are_refused(alice: User, case: Case, results: Run) -> None:
    results.chunk_rows.update(packed=results.chunk_rows.get().pack([("i", "e0")]))
    with pytest.raises(Refused, match="not there any more"):
        pin_result_set(case=case, run=results, reason="x", by=alice)


def test_what_asks_something_else_tomorrow_is_refused(alice: User, case: Case, results: Run) -> None:
    for text in ("@timestamp:>now-1d", "novelty:any"):
        Run.objects.filter(pk=results.pk).update(search={"q": [text]})
        results.refresh_from_db()
        with pytest.raises(BadQuery):
            pin_result_set(case=case, run=results, reason="x", by=alice)


def test_only_a_finished_run_and_only_with_a_reason(client: Client, bob: User, case: Case, results: Run) -> None:
    client.force_login(bob)
    page = client.get(PAGE, {"run": results.public_id})
    assertContains(page, "as a result set")
    assertContains(client.post(PAGE, {"case": case.public_id, "run": results.public_id}), "Say why", status_code=400)
    Run.objects.update(state="running")
    answer = client.post(PAGE, {"case": case.public_id, "reason": "x", "run": results.public_id})
    assertContains(answer, "Only a finished run", status_code=400)


def test_timeline_report_and_verification_know_it(
    client: Client, alice: User, pinned: Evidence, seal: Callable[[], object]
) -> None:
    seal()
    client.force_login(alice)
    at = f"/cases/{pinned.case.public_id}/"
    timeline = client.get(at)
    assertContains(timeline, "5 events found for token.id:t")
    assertContains(timeline, "1 result set")
    report = client.get(f"{at}report/")
    assertContains(report, "Result sets and findings")
    assertContains(report, digest_ids(IDS)[0])
    verification = case_verification.start(case=pinned.case, by=alice)
    case_verification.verify_case(verification.pk)
    verification.refresh_from_db()
    assert (verification.intact, verification.differing) == (1, 0)
    changed = pinned.document | {"counted": 6}
    Evidence.objects.update(frozen=orjson.dumps(changed), digest=digest_statement(changed))
    verification = case_verification.start(case=pinned.case, by=alice)
    case_verification.verify_case(verification.pk)
    verification.refresh_from_db()
    assert [each["kind"] for each in verification.differences] == ["record"]


@pytest.mark.parametrize("format", ["csv", "jsonl", "timesketch_csv", "stix", "ocsf", "parquet", "xlsx"])
def test_every_format_takes_it_along(client: Client, alice: User, pinned: Evidence, format: str) -> None:
    made = export(alice, format=format, case=pinned.case)
    assert (made.state, made.done) == ("finished", 1), made.problem


def test_a_bundle_proves_the_statement_by_its_record(
    client: Client, alice: User, pinned: Evidence, trail: Trail, seal: Callable[[], object], tmp_path: Path
) -> None:
    pin(trail, pinned.case, alice, use("t", id="other"))
    seal()
    client.force_login(alice)
    content = downloaded(client, f"/cases/{pinned.case.public_id}/export/", alice)
    status, words = verify(content, tmp_path)
    assert status == 0, words
    assert "1 of them put on record what was found as a whole" in words
    lines = [json.loads(line) for line in content.splitlines()]
    (line,) = (line for line in lines if "statement" in line)
    assert line["statement"] == pinned.document
    line["statement"]["counted"] = 6
    (tmp_path / "changed").mkdir()
    status, words = verify(b"".join(orjson.dumps(each) + b"\n" for each in lines), tmp_path / "changed")
    assert status != 0


def test_pinning_its_events_beside_it_pins_the_events(alice: User, pinned: Evidence) -> None:
    made = evidence_services.pin(case=pinned.case, event_ids=IDS, reason="Each", by=alice)
    assert len(made.new) == 5


def test_what_is_thought_of_it_is_said_at_once(client: Client, bob: User, case: Case, results: Run) -> None:
    question = hypotheses.add_hypothesis(case=case, statement="It was all of them", by=bob)
    client.force_login(bob)
    assertContains(client.get(f"{PAGE}?run={results.public_id}"), "against H1 It was all of them")
    thoughts = {"relevance": "supporting", "tags": "all", "question": f"{question.pk} against"}
    client.post(PAGE, {"case": case.public_id, "reason": "All of it", "run": results.public_id, **thoughts})
    evidence = case.evidence.get()
    assert (evidence.relevance, [tag.name for tag in evidence.tags.all()]) == ("supporting", ["all"])
    assert [(link.evidence_id, link.speaks_for) for link in question.evidence_links.all()] == [(evidence.pk, False)]
