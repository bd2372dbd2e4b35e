"""Pinning: all or none, once each, numbered one after the other, whoever else pins meanwhile."""

import orjson
import pytest

from accounts.models import User
from core.errors import Refused
from investigations.cases.errors import CaseClosed
from investigations.evidence import services as evidence
from investigations.models import Case, Evidence
from investigations.notes import services as notes
from tests.support.concurrency import at_once
from tests.support.factories.cases import close_case, open_case, pin
from tests.support.factories.events import use, write
from trail.canonical_form import canonicalise, compute_digest
from trail.connection import Trail
from trail.search.spec import Search


@pytest.fixture
def case(alice: User, trail: Trail) -> Case:
    write(trail, *(use("t", id=f"e{n}", at=f"2026-11-01T00:00:00.{n:09}Z") for n in range(8)))
    return open_case(alice)


def test_a_copy_is_what_the_trail_holds_and_its_digest_is_the_writers(alice: User, trail: Trail) -> None:
    sent = use("t", id="e", user__name="Zoë", raw={"big": 2**60}, event__original='{"big": 1152921504606846976}')
    write(trail, sent)
    (one,) = evidence.pin(case=open_case(alice), event_ids=["e"], reason="why", by=alice).new
    one.refresh_from_db()
    assert one.digest == compute_digest(sent)
    assert canonicalise(one.document) == canonicalise(sent)
    assert one.document["raw"] == {"big": 2**60}
    assert one.document["event"]["ingested"]


def test_one_that_is_missing_pins_none(case: Case, alice: User) -> None:
    with pytest.raises(Refused, match="no event nobody; nothing was pinned"):
        evidence.pin(case=case, event_ids=["e0", "nobody", "e1"], reason="why", by=alice)
    assert not Evidence.objects.exists()


def test_the_same_event_twice_in_one_pin_is_once(case: Case, alice: User) -> None:
    done = evidence.pin(case=case, event_ids=["e0", "e0"], reason="why", by=alice, search=Search(text="token.id:t"))
    assert [(one.event_id, one.search) for one in done.new] == [("e0", {"q": ["token.id:t"]})]


def test_a_number_is_never_given_again(case: Case, alice: User) -> None:
    (first,) = evidence.pin(case=case, event_ids=["e0"], reason="why", by=alice).new
    evidence.withdraw(evidence=first, reason="not", by=alice)
    (second,) = evidence.pin(case=case, event_ids=["e1"], reason="why", by=alice).new
    assert (first.label, second.label) == ("E1", "E2")


def test_a_case_that_was_closed_meanwhile_takes_nothing(case: Case, alice: User) -> None:
    close_case(Case.objects.get(), alice)
    assert case.is_open  # as whoever opened the page a while ago still believes
    with pytest.raises(CaseClosed):
        evidence.pin(case=case, event_ids=["e0"], reason="why", by=alice)
    with pytest.raises(CaseClosed):
        notes.write_note(case=case, text="too late", by=alice)
    assert not Evidence.objects.exists()


def test_every_copy_agrees_with_the_trail_until_one_of_them_is_changed(case: Case, alice: User) -> None:
    (one,) = evidence.pin(case=case, event_ids=["e0"], reason="why", by=alice).new
    assert evidence.check_copy(one) == evidence.CopyCheck(copy=True, trail=True)
    one.frozen = orjson.dumps(one.document | {"user": {"id": "somebody else"}})
    assert evidence.check_copy(one) == evidence.CopyCheck(copy=False, trail=True)


@pytest.mark.django_db(transaction=True)
def test_people_who_pin_at_once_number_one_after_the_other(transactional_db: None, case: Case, alice: User) -> None:
    at_once(
        *(lambda n=n: evidence.pin(case=case, event_ids=[f"e{n}", "e7"], reason=f"why {n}", by=alice) for n in range(4))
    )
    pinned = list(case.evidence.order_by("number"))
    assert [one.number for one in pinned] == [1, 2, 3, 4, 5]
    assert sorted(one.event_id for one in pinned) == ["e0", "e1", "e2", "e3", "e7"]


def test_a_frozen_copy_is_exact_whatever_the_event_holds(trail: Trail, alice: User, case: Case) -> None:
    """A NUL, half a float, a number that only text keeps: what a database's own JSON would refuse or round."""
    odd = use(
        "t",
        id="odd",
        message="a\0b",
        labels={"x": "\0"},
        raw={"n": 1.50, "big": 2**60},
        event__original='{"n":1.50,"big":1152921504606846976}',
    )
    (one,) = pin(trail, case, alice, odd)
    one.refresh_from_db()
    held = trail.client.get(index=f"{trail.prefix}-events-2026.11", id="odd")["_source"]
    assert one.document == held
    assert evidence.check_copy(one).copy


@pytest.mark.django_db(transaction=True)
def test_of_two_who_withdraw_the_same_at_once_one_is_refused_and_the_firsts_reason_stays(
    transactional_db: None, case: Case, alice: User, lea: User
) -> None:
    (pinned,) = evidence.pin(case=case, event_ids=["e0"], reason="why", by=alice).new
    copies = {user.name: (user, Evidence.objects.get(pk=pinned.pk)) for user in (alice, lea)}

    def withdraw(name: str) -> str:
        user, copy = copies[name]
        try:
            evidence.withdraw(evidence=copy, reason=f"{name}'s reason", by=user)
        except Refused as refused:
            return refused.sentence
        return name

    first, sentence = sorted(at_once(*[lambda name=name: withdraw(name) for name in copies]), key=len)
    assert sentence == f"E1 was withdrawn before, by {first}."
    pinned.refresh_from_db()
    assert (pinned.withdrawn_by_name, pinned.withdrawn_reason) == (first, f"{first}'s reason")
    assert case.activities.filter(action="case.evidence.withdraw").count() == 1


def test_a_copy_is_parsed_once_however_often_a_page_reads_it(case: Case, alice: User) -> None:
    (pinned,) = evidence.pin(case=case, event_ids=["e0"], reason="why", by=alice).new
    read = Evidence.objects.get(pk=pinned.pk)
    assert read.document is read.document
