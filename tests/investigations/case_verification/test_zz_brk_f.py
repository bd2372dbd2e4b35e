import pytest
from django.test import Client
from django.utils import timezone
from accounts.models import User
from investigations.cases import restriction
from investigations.cases import services as cases
from investigations.case_verification import services as cv
from investigations.models import Case, CustodyEntry, Evidence, CaseVerification, Membership, Activity, Hypothesis
from tests.support.factories.cases import export, run, pin, open_case
from tests.support.factories.events import use, write
from trail.connection import Trail
from django.test.utils import CaptureQueriesContext
from django.db import connection

def test_unasked_log_is_not_intact(case: Case, alice: User, trail: Trail):
    pin(trail, case, alice, use("t", id="e0", at="2026-10-01T00:00:00Z"))
    v = cv.start(case=case, by=alice); cv.verify_case(v.pk); v.refresh_from_db()
    d = CustodyEntry.objects.get(action="verify").detail
    print(repr(d), v.unsealed, v.log_problem)
    assert d != "intact"

def test_stale_close(case: Case, alice: User, lea: User):
    stale = Case.objects.get(pk=case.pk)
    restriction.restrict(case=case, by=alice)
    with pytest.raises(Exception):
        cases.close(case=stale, by=lea, disposition="benign", reason="x")

def test_frozen_loaded_by_hypotheses(case: Case, alice: User, trail: Trail):
    from investigations.hypotheses.services import list_hypotheses
    from investigations.hypotheses import services as h
    with CaptureQueriesContext(connection) as q:
        list(list_hypotheses(case)); 
    pin(trail, case, alice, use("t", id="e0", at="2026-10-01T00:00:00Z"))
    hy = Hypothesis.objects.create(case=case, number=1, statement="s", created_by_name="A")
    h.link_evidence(hypothesis=hy, evidence=Evidence.objects.get(), speaks_for=True, by=alice)
    with CaptureQueriesContext(connection) as q:
        list(list_hypotheses(case))
    assert not any("frozen" in x["sql"] for x in q.captured_queries)

def test_twenty_one_deep_dropped():
    from investigations.reports.prose import read_prose
    t = "\n".join("  "*i + f"- word{i}" for i in range(40))
    out = repr(read_prose(t))
    missing = [i for i in range(40) if f"word{i}'" not in out]
    assert not missing, missing

def test_viewer_takes_report(client: Client, case: Case, rae: User, trail: Trail):
    client.force_login(rae)
    print(rae.role, client.post(f"/cases/{case.public_id}/report/file/", {"format": "markdown"}).status_code, client.post(f"/cases/{case.public_id}/export/", {"format":"csv"}).status_code)
