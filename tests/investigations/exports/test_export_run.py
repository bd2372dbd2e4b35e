"""Exporting a run's results."""

import csv
import io

import orjson
import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from accounts.models import User
from investigations.cases import services as cases
from investigations.exports import services as exports
from investigations.models import Case, Export, Run
from investigations.runs import services as runs
from tests.support.factories.cases import export, run
from tests.support.factories.events import use, write
from tests.support.pages import at_sign_in, audit_log
from trail.canonical_form import compute_digest
from trail.connection import Trail
from trail.search.spec import Search


@pytest.fixture
def finished(alice: User, trail: Trail) -> Run:
    write(trail, *(use("t", id=f"e{n}", at=f"2026-11-01T00:00:00.{n:09}Z") for n in range(5)), use("other"))
    return run(alice, text="token.id:t")


def _page(run: Run) -> str:
    return f"/runs/{run.public_id}/export/"


def test_its_file_holds_exactly_the_results_in_their_order(client: Client, alice: User, finished: Run) -> None:
    client.force_login(alice)
    assertRedirects(client.post(_page(finished), {"format": "jsonl"}), f"/exports/{Export.objects.get().public_id}/")
    made = Export.objects.get()
    exports.write_export(made.pk)
    lines = [orjson.loads(line) for line in exports.build_path(made).read_bytes().splitlines()]
    assert [line["event"]["event"]["id"] for line in lines] == ["e4", "e3", "e2", "e1", "e0"]
    for line in lines:
        assert line["digest"]["sha256"] == compute_digest(line["event"])
        assert "evidence" not in line
    made.refresh_from_db()
    assert (made.state, made.done, made.name) == ("finished", 5, f"run-{finished.public_id}-results.jsonl")


def test_csv_has_the_same_events(alice: User, finished: Run) -> None:
    made = export(alice, run=finished)
    rows = list(csv.DictReader(io.StringIO(exports.build_path(made).read_bytes().decode(), newline="")))
    assert [row["event.id"] for row in rows] == ["e4", "e3", "e2", "e1", "e0"]
    assert made.done == 5
    assert rows[0]["evidence"] == rows[0]["reason"] == ""


def test_what_a_person_may_no_longer_find_is_not_in_the_file(case: Case, alice: User, bob: User, trail: Trail) -> None:
    write(trail, use("t", id="e1"))
    made = run(bob, text="event.action:(case.open OR token.authorize)")
    assert made.done == 2
    cases.remove_member(case=case, user=bob, by=alice)
    file = export(bob, run=made, format="jsonl")
    lines = exports.build_path(file).read_bytes().splitlines()
    assert [orjson.loads(line)["event"]["event"]["id"] for line in lines] == ["e1"]
    assert file.done == 1


def test_an_unfinished_run_is_refused_with_a_sentence(client: Client, alice: User, trail: Trail) -> None:
    queued = runs.start(search=Search(), title="A long one", by=alice)
    client.force_login(alice)
    response = client.post(_page(queued), {"format": "csv"}, follow=True)
    assertContains(response, "Only a finished run can be exported")
    assert not Export.objects.exists()


def test_a_result_that_the_trail_no_longer_holds_makes_no_file(alice: User, finished: Run, trail: Trail) -> None:
    trail.client.indices.delete(index=f"{trail.prefix}-events-2026.11")
    made = export(alice, run=finished)
    assert (made.state, exports.build_path(made).exists()) == ("queued", False)
    assert "does not show 5 of the events" in made.problem


def test_it_is_on_record(client: Client, alice: User, finished: Run, trail: Trail) -> None:
    client.force_login(alice)
    client.post(_page(finished), {"format": "csv"})
    (recorded,) = audit_log(trail, "export.start")
    assert recorded["labels"]["run"] == finished.public_id


def test_an_export_of_a_cases_run_is_the_cases(
    client: Client, case: Case, alice: User, bob: User, charlie: User, trail: Trail
) -> None:
    made = run(alice, text="resource.type:case", case=case)
    client.force_login(bob)
    client.post(_page(made), {"format": "csv"})
    of_the_case = Export.objects.get()
    assert of_the_case.case == case
    client.force_login(alice)
    assert client.get(f"/exports/{of_the_case.public_id}/").status_code == 200
    client.force_login(charlie)
    assert client.get(f"/exports/{of_the_case.public_id}/").status_code == 404


def test_a_stranger_gets_404(client: Client, charlie: User, finished: Run) -> None:
    client.force_login(charlie)
    assert client.post(_page(finished), {"format": "csv"}).status_code == 404
    assert not Export.objects.exists()


def test_a_viewer_gets_403(client: Client, case: Case, alice: User, rae: User) -> None:
    client.force_login(rae)
    assert client.post(_page(run(alice, case=case)), {"format": "csv"}).status_code == 403


def test_a_run_that_is_not_there_is_404(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post("/runs/nosuchrun/export/").status_code == 404


def test_anonymous_goes_to_sign_in(client: Client, finished: Run) -> None:
    assert at_sign_in(client.post(_page(finished)))


def test_a_link_does_not_do_it(client: Client, alice: User, finished: Run) -> None:
    client.force_login(alice)
    assert client.get(_page(finished)).status_code == 405
