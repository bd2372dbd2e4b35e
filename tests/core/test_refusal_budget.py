"""However many strangers knock, so many of their refusals are on record, and the number of the rest."""

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core import access
from core.refusal_budget import MINUTE, RefusalBudget
from tests.support.pages import audit_log
from trail.connection import Trail
from trail.documents import get


@given(st.lists(st.floats(min_value=0, max_value=300), max_size=200))
def test_every_refusal_is_on_record_or_in_a_count_and_no_minute_has_too_many(times: list[float]) -> None:
    budget, recorded, counted = RefusalBudget(most=5), [], 0
    for now in sorted(times):
        left_out = budget.take(now)
        if left_out is not None:
            recorded.append(now)
            counted += left_out
    budget_end = budget.take(max(times, default=0) + MINUTE)
    assert len(recorded) + counted + (budget_end or 0) == len(times)
    assert all(sum(start <= now < start + MINUTE for now in recorded) <= 10 for start in recorded)


@pytest.mark.django_db
@pytest.mark.usefixtures("static_files")
def test_a_flood_of_strangers_is_some_records_and_a_number(
    client: Client, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "visitors", RefusalBudget(most=3))
    for number in range(9):
        client.get(f"/api/v1/tokens/t-{number}", headers={"User-Agent": "a program"})
    monkeypatch.setattr(access.visitors, "_taken", 0)  # the next minute
    client.get("/api/v1/tokens/after", headers={"User-Agent": "a program"})
    records = audit_log(trail, "access.refuse")
    assert [get(record, "labels.left_out") for record in records] == [None, None, None, "6"]
