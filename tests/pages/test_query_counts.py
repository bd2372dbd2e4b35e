"""How many SQL queries the main pages take: as many as tests/pages/baselines/query_counts.json says, however much there is."""

import json
from pathlib import Path

import pytest
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import session_ends
from accounts.models import User
from investigations.evidence import absences
from investigations.models import (
    Case,
    CaseVerification,
    CustodyEntry,
    Evidence,
    EvidenceTag,
    Export,
    Membership,
    Note,
    Run,
)
from investigations.models.cases import new_public_id
from investigations.questions import indicators
from tests.support.factories.cases import export, pin, pin_batch, run, saved_query
from tests.support.factories.events import use, write
from tests.support.factories.incidents import incident
from tests.support.factories.searches import past
from trail.connection import Trail
from trail.questions.indicator_list import parse_indicators
from trail.search import completeness
from trail.search.spec import Search

BASELINE = json.loads((Path(__file__).parent / "baselines" / "query_counts.json").read_text())


@pytest.fixture
def nothing_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is renewed or noted now and then is not, however slow the machine is; from before the first search on."""
    monkeypatch.setattr(completeness, "RENEWED_AFTER", float("inf"))  # how much is sealed
    monkeypatch.setattr(session_ends, "NOTED_EVERY", float("inf"))  # that a session was used
    monkeypatch.setattr(RedisCache, "get_backend_timeout", lambda *_args: None)  # how many findings are new


@pytest.fixture
def pages(nothing_expires: None, case: Case, alice: User, trail: Trail) -> dict[str, str]:
    """The main pages, with one of everything on them."""
    pin(trail, case, alice, use("t"))
    Note.objects.create(case=case, text="hm", author=alice, author_name="Alice")
    saved_query("q", "token.id:$t", {"name": "t", "label": "T", "kind": "token"})
    made = run(alice, text="token.id:t", case=case)
    export(alice, case=case)
    export(alice, run=made)
    at = f"/cases/{case.public_id}/"
    absence = absences.pin(case=case, search=Search(text="user.id:nobody"), reason="never", by=alice)
    word = indicators.keep(indicators.ask(parse_indicators("t"), by=alice), by=alice)
    return {
        "case_list": "/cases/",
        "case_board": "/cases/?view=board",
        "case_detail": at,
        "case_notes": f"{at}notes/",
        "case_people": f"{at}people/",
        "case_activity": f"{at}activity/",
        "case_report": f"{at}report/",
        "case_custody": f"{at}custody/",
        "evidence_detail": f"{at}evidence/1/",
        "search": "/?q=token.id:t",
        "run_list": "/runs/",
        "run_detail": f"/runs/{made.public_id}/",
        "pin_batch_detail": f"/pin-batches/{pin_batch(alice, made, case).public_id}/",
        "export_list": "/exports/",
        "search_history": "/searches/",
        "token_detail": "/tokens/t/",
        "token_lineage": "/tokens/t/lineage/",
        "token_compromise": "/tokens/t/compromise/",
        "query_list": "/queries/",
        "query_detail": "/queries/q/",
        "absence_detail": f"{at}evidence/{absence.number}/",
        "indicators_result": f"/indicators/{word}/",
        "incident_list": "/incidents/",
        "incident_detail": f"/incidents/{incident().public_id}/",
    }


def _ten_times(case: Case, alice: User, trail: Trail) -> None:
    """Ten times as much of everything: rows like those that are there."""
    write(trail, *(use("t") for _ in range(9)))
    for n in range(9):
        past(alice, f"user.id:u{n}")
    for n in range(9):
        incident(subject=f"part {n}")
        user = User.objects.create(username=f"person{n}", role="analyst")
        other = Case.objects.create(number=f"C-2001-{n:04}", title=f"Case {n}", opened_by=alice, opened_by_name="Alice")
        for one in (alice, user):
            Membership.objects.create(case=other, user=one, level="lead")
        Membership.objects.create(case=case, user=user, level="member")
        Note.objects.create(case=case, text=f"note {n}", author=user, author_name=user.username)
        saved_query(f"q{n}", "token.id:$t", {"name": "t", "label": "T", "kind": "token"})
        for model in (Run, Export, Evidence):
            row = model.objects.earliest("pk")
            row.pk, row._state.adding = None, True
            if isinstance(row, Evidence):
                row.number, row.event_id = 3 + n, f"copy {n}"
            else:
                row.public_id, row.case = new_public_id(), other
            row.save()
        for line in case.activities.all()[:1]:
            line.pk, line._state.adding = None, True
            line.save()
        copy = case.evidence.earliest("pk")
        EvidenceTag.objects.create(evidence=copy, name=f"tag {n}")
        CustodyEntry.objects.create(case=case, evidence=copy, action="view", by_name=f"person{n}")
        CaseVerification.objects.create(
            case=case, state="finished", ended_at=timezone.now(), started_by_name=f"person{n}"
        )


def _counts(client: Client, pages: dict[str, str]) -> dict[str, int]:
    found = {}
    for name, address in pages.items():
        client.get(address)  # what is remembered for all pages is remembered
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200, name
        found[name] = len(queries)
    return found


def test_a_page_takes_as_many_queries_however_much_there_is(
    client: Client, pages: dict[str, str], case: Case, alice: User, trail: Trail
) -> None:
    client.force_login(alice)
    assert _counts(client, pages) == BASELINE
    _ten_times(case, alice, trail)
    assert _counts(client, pages) == BASELINE
