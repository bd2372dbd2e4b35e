"""What is counted, folded and drawn of evidence is kept wherever something is pinned, and follows when it is withdrawn."""

import re
from collections import Counter
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from investigations.case_merge.services import merge_cases
from investigations.entities.services import KINDS, count_entities, judge_entity
from investigations.evidence import absences, services
from investigations.evidence.bulk import EvidenceChange, annotate_all, withdraw_all
from investigations.models import Case, CaseEntity, EvidenceFact
from investigations.timeline.facts import build_fact
from tests.support.concurrency import at_once
from tests.support.counts_anew import assert_counted_anew
from tests.support.factories.cases import open_case, pin, pin_batch, run
from tests.support.factories.events import revoke, use, write
from trail.connection import Trail
from trail.documents import get
from trail.search.spec import Search


def _read_facts() -> list[dict[str, object]]:
    return list(EvidenceFact.objects.order_by("pk").values())


def _read_entities() -> set[tuple[object, ...]]:
    return set(CaseEntity.objects.values_list("case", "field", "value", "events", "is_shared"))


def _count_entities(case: Case) -> Counter[tuple[str, str]]:
    return Counter(
        (field, str(get(each.document, field)))
        for each in case.evidence.not_withdrawn().filter(kind="event")
        for field in KINDS
        if get(each.document, field)
    )


def _assert_counted(case: Case) -> None:
    counted = {(entity.field, entity.value): entity.events for entity in case.entities.filter(events__gt=0)}
    assert counted == dict(_count_entities(case))


def test_every_way_to_pin_keeps_them_and_an_absence_has_none(case: Case, alice: User, trail: Trail) -> None:
    pin(trail, case, alice, use("tok_1", user__id="ada"), revoke("tok_1", user__id="ada"))
    absences.pin(case=case, search=Search(text="user.id:nobody"), reason="never", by=alice)
    target = open_case(alice)
    merge_cases(source=case, target=target, reason="One incident", by=alice)
    for each in (case, target):
        facts = {fact.pk: fact for fact in each.facts.all()}
        events = list(each.evidence.filter(kind="event").order_by("number"))
        assert facts.keys() == {event.pk for event in events}
        for event in events:
            expected = build_fact(event)
            assert expected is not None
            assert facts[event.pk].fold == expected.fold
            assert facts[event.pk].is_shared
        assert [bool(facts[event.pk].fold) for event in events] == [True, False]
        _assert_counted(each)


def test_nothing_makes_evidence_beside_the_one_function_that_counts_it() -> None:
    rooms, makes = Path(settings.BASE_DIR) / "investigations", re.compile(r"\bEvidence\.objects\.(bulk_)?create\b")
    makers = [
        str(path.relative_to(rooms))
        for path in rooms.rglob("*.py")
        if "migrations" not in path.parts and makes.search(path.read_text())
    ]
    assert makers == ["evidence/records.py"]


@hypothesis_settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.lists(st.integers(1, 6), unique=True), users=st.lists(st.sampled_from("ab"), min_size=6, max_size=6))
def test_entities_are_in_as_many_events_as_are_not_withdrawn(
    alice: User, trail: Trail, chosen: list[int], users: list[str]
) -> None:
    case = open_case(alice)
    pin(trail, case, alice, *(use(f"tok_{user}", user__id=user) for user in users))
    if chosen:
        services.withdraw(evidence=case.evidence.get(number=chosen[0]), reason="wrong", by=alice)
    if chosen[1:]:
        withdraw_all(case=case, numbers=chosen[1:], reason="wrong", by=alice)
    _assert_counted(case)


@pytest.mark.django_db(transaction=True)
def test_of_two_cases_that_pin_the_same_event_at_once_both_say_that_it_is_shared(
    transactional_db: None, case: Case, alice: User, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has said what is shared before the other commits, as far as the console lets them."""
    write(trail, use("tok_1", id="same", user__id="ada"))
    together, count = Barrier(2), count_entities

    def count_together(*args: Any, **words: Any) -> None:
        count(*args, **words)
        with suppress(BrokenBarrierError):
            together.wait(1)

    monkeypatch.setattr("investigations.evidence.records.count_entities", count_together)
    cases = (case, open_case(alice))
    at_once(*(lambda each=each: services.pin(case=each, event_ids=["same"], reason="why", by=alice) for each in cases))
    assert list(EvidenceFact.objects.values_list("is_shared", flat=True)) == [True, True]
    assert set(CaseEntity.objects.values_list("is_shared", flat=True)) == {True}


@pytest.fixture
def six(trail: Trail) -> None:
    """Events that have tokens and users in common."""
    write(trail, *(use(f"tok_{n % 3}", id=f"p{n}", user__id=f"u{n % 2}", source__ip=f"10.0.0.{n}") for n in range(6)))


_ACTS = st.sampled_from(["pin", "batch", "withdraw", "withdraw all", "annotate all", "merge", "judge"])


@hypothesis_settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(_ACTS, st.integers(0, 2), st.integers(0, 5)), min_size=4, max_size=10))
def test_whatever_is_done_one_after_the_other_facts_and_entities_are_those_of_the_copies(
    alice: User, six: None, acts: list[tuple[str, int, int]]
) -> None:
    cases, results = [open_case(alice) for _ in range(3)], run(alice, text="token.id:tok_1")
    for act, which, number in acts:
        case = cases[which]
        chosen = list(case.evidence.not_withdrawn().order_by("number")[number : number + 2])
        if act == "pin":
            services.pin(case=case, event_ids=[f"p{number}", f"p{(number + 3) % 6}"], reason="why", by=alice)
        elif act == "batch":
            assert pin_batch(alice, results, case).state == "finished"
        elif act == "withdraw" and chosen:
            services.withdraw(evidence=chosen[0], reason="wrong", by=alice)
        elif act == "withdraw all" and chosen:
            withdraw_all(case=case, numbers=[each.number for each in chosen], reason="wrong", by=alice)
        elif act == "annotate all" and chosen:
            revisions = {each.number: each.revision for each in chosen}
            annotate_all(case=case, revisions=revisions, change=EvidenceChange(add_tag="x"), by=alice)
        elif act == "merge":
            merge_cases(source=case, target=cases[which - 1], reason="One incident", by=alice)
            cases[which] = open_case(alice)
        elif act == "judge":
            judge_entity(case=case, field="user.id", value=f"u{number}", word="cleared", reason="", by=alice)
        assert_counted_anew()


def test_what_was_pinned_before_has_the_same(case: Case, alice: User, trail: Trail) -> None:
    first, *_ = pin(trail, case, alice, use("tok_1", user__id="ada"), revoke("tok_1"), use("tok_2", user__id="a\0"))
    services.withdraw(evidence=first, reason="wrong", by=alice)
    other = open_case(alice)
    pin(trail, other, alice, use("tok_2"))
    services.pin(case=other, event_ids=[case.evidence.get(number=2).event_id], reason="again", by=alice)
    facts, entities = _read_facts(), _read_entities()
    EvidenceFact.objects.all().delete()
    CaseEntity.objects.all().update(events=0, is_shared=False)
    write_facts = import_module("investigations.migrations.0036_facts_of_evidence").write_facts
    for _ in range(2):  # applied a second time it changes nothing
        write_facts(apps, None)
        assert _read_facts() == facts
        assert _read_entities() == entities


def test_evidence_whose_copy_was_tampered_with_can_be_withdrawn(case: Case, alice: User, trail: Trail) -> None:
    (one,) = pin(trail, case, alice, use("tok_1"))
    case.evidence.filter(pk=one.pk).update(frozen=b"{")
    services.withdraw(evidence=case.evidence.get(pk=one.pk), reason="tampered with", by=alice)
    assert not case.evidence.not_withdrawn().exists()
