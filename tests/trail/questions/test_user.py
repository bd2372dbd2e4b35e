"""What is on record of a user: their tokens and what became of them, the tokens of others, and where they were."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.factories.events import event, issue, revoke, use
from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions import travel, user
from trail.questions.issued_tokens import UsableTokens
from trail.questions.user import TOKENS_A_PAGE, UserDossier, ask_tokens_issued, ask_user
from trail.search.spec import WHOLE_TRAIL

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
BERLIN, OSAKA, POTSDAM = "52.52,13.40", "34.69,135.50", "52.39,13.06"
LEAKED, REVOKED = "1" * 64, "2" * 64


def _at(place: str, at: str, **fields: Any) -> dict[str, Any]:
    return use("flown", user__id="traveller", source__geo__location=place, at=at, **fields)


@pytest.fixture(scope="module")
def trail(trail_of: Callable[..., Trail]) -> Trail:
    ends = {"token__expires_at": "2026-11-25T09:30:00.000000001Z", "at": "2026-01-01T00:00:00Z"}
    return trail_of(
        issue("used", "mallory", **ends, source__ip="192.0.2.1", service__name="api", id="i-used"),
        *(
            use("used", user__id="mallory", source__ip=f"192.0.2.{n}", at=f"2026-02-0{1 + n}T00:00:00Z")
            for n in range(5)
        ),
        use("used", user__id="bob", event__outcome="failure", at="2026-03-01T00:00:00Z"),
        issue("over", "mallory", **ends | {"token__expires_at": "2026-11-25T09:30:00Z"}),
        issue("revoked", "mallory", **ends, token__fingerprint=REVOKED),
        issue("derived", "mallory", **ends | {"at": "2026-01-02T00:00:00Z"}, token__parent_fingerprint=REVOKED),
        revoke("revoked", id="r1", at="2026-02-01T00:00:00Z", user__id="sec"),
        revoke("revoked", id="r2", at="2026-03-01T00:00:00Z", user__id="sec"),
        revoke("revoked", at="2026-01-15T00:00:00Z", event__outcome="failure"),
        issue("restored", "mallory", **ends),
        revoke("restored", at="2026-02-01T00:00:00Z"),
        event(token__id="restored", token__operation="token.restore", at="2026-02-02T00:00:00Z"),
        issue("keyed", "mallory", **ends, token__key_id="k1"),
        issue("later", "mallory", **ends | {"at": "2026-06-01T00:00:00Z"}, token__key_id="k1"),
        event(
            id="rk",
            token__operation="token.revoke",
            token__revocation__scope="key",
            token__key_id="k1",
            at="2026-05-01T00:00:00Z",
        ),
        event(
            token__operation="token.revoke",
            token__revocation__scope="key",
            token__key_id="k2",
            at="2026-05-01T00:00:00Z",
        ),
        issue("", "mallory", **ends, token__fingerprint=LEAKED, id="i-nameless"),
        event(token__fingerprint=LEAKED, token__operation="token.verify", at="2026-07-01T00:00:00Z"),
        issue("refused", "mallory", event__outcome="failure"),
        issue("bobs", "bob", id="i-bobs"),
        *(
            use("bobs", user__id=who, at=f"2026-04-0{n}T00:00:00Z")
            for n, who in enumerate(("mallory", "mallory", "bob"), 1)
        ),
        use("nobodys", user__id="mallory"),
        _at(BERLIN, "2026-01-01T00:00:00Z"),
        _at(POTSDAM, "2026-01-01T00:00:01Z"),
        _at(BERLIN, "2026-01-02T00:00:00Z"),
        _at(OSAKA, "2026-01-02T12:00:00Z"),  # a flight
        _at(OSAKA, "2026-01-05T00:00:00Z", id="left"),
        _at(
            BERLIN,
            "2026-01-05T01:00:00.000000001Z",
            id="reached",
            source__geo__city_name="Berlin",
            event__outcome="failure",
        ),
        _at(OSAKA, "2026-01-05T01:00:00.000000001Z", id="same time"),
    )


@pytest.fixture(scope="module")
def mallory(trail: Trail) -> UserDossier:
    return ask_user(trail, "mallory", WHOLE_TRAIL, now=NOW)


def test_every_token_issued_to_them_is_there_with_its_state(mallory: UserDossier) -> None:
    states = {one.token_id or "nameless": one.status.state for one in mallory.issued.tokens}
    assert states == {
        "used": "alive",
        "over": "expired",
        "revoked": "revoked",
        "restored": "alive",
        "keyed": "revoked",
        "later": "alive",
        "nameless": "alive",
        "derived": "revoked",
    }
    assert (mallory.issued.total, mallory.issued.after, mallory.issued.coverage.whole) == (8, None, True)


def test_the_revocation_that_ended_a_token_is_named(mallory: UserDossier) -> None:
    ended = {one.token_id: one.status.ending for one in mallory.issued.tokens if one.status.ending}
    assert {name: (end.event.event_id, end.through) for name, end in ended.items()} == {
        "revoked": ("r1", "itself"),
        "keyed": ("rk", "key"),
        "derived": ("r1", "ancestor"),
    }


def test_the_use_of_a_token_is_counted_with_its_addresses_and_whoever_else_used_it(mallory: UserDossier) -> None:
    used = next(one for one in mallory.issued.tokens if one.token_id == "used")
    assert (used.issued.event_id, used.uses, used.accepted, used.refused) == ("i-used", 6, 5, 1)
    assert (used.first_used, used.last_used) == ("2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z")
    assert (len(used.addresses), used.address_count, used.others) == (3, 6, ("bob",))


def test_a_token_without_an_id_is_known_by_its_fingerprint(mallory: UserDossier) -> None:
    nameless = next(one for one in mallory.issued.tokens if one.issued.event_id == "i-nameless")
    assert (nameless.token_id, nameless.fingerprint, nameless.uses) == (None, LEAKED, 1)


def test_the_tokens_of_others_that_they_used_are_named_with_whose_they_are(mallory: UserDossier) -> None:
    found = {one.token_id: (one.used.count, one.issued and one.issued.event_id) for one in mallory.used.tokens}
    assert found == {"bobs": (2, "i-bobs"), "nobodys": (1, None)}
    assert (mallory.used.total, mallory.used.compared, mallory.used.whole) == (2, 3, True)


def test_a_leap_names_both_events_and_a_flight_is_none(trail: Trail) -> None:
    found = ask_user(trail, "traveller", WHOLE_TRAIL, now=NOW).travel
    told = [(leap.before.event_id, leap.after.event_id, leap.seconds, leap.speed) for leap in found.leaps]
    assert [(before, after) for before, after, *_ in told] == [("reached", "same time"), ("left", "reached")]
    assert (told[0][2:], told[1][2]) == ((0.0, None), 3_600.000000001)
    assert (found.total, found.places, found.since) == (2, 3, None)
    assert (found.leaps[1].after.city, found.leaps[1].after.outcome, found.leaps[1].before.city) == (
        "Berlin",
        "failure",
        None,
    )


def test_it_is_two_round_trips_unless_a_token_was_derived_from_another(trail: Trail) -> None:
    pool = trail.client.transport.get_connection().pool
    for who in ("bob", "traveller"):
        before = pool.num_requests
        ask_user(trail, who, WHOLE_TRAIL, now=NOW)
        assert pool.num_requests - before == 2
    before = pool.num_requests
    nobody = ask_user(trail, "nobody", WHOLE_TRAIL, now=NOW)
    assert pool.num_requests - before == 1
    assert (nobody.issued.total, nobody.used.total, nobody.travel.places) == (0, 0, 0)


def test_within_a_range_the_tokens_of_that_range_are_told_with_all_that_became_of_them(trail: Trail) -> None:
    found = ask_user(trail, "mallory", WHOLE_TRAIL, now=NOW, start="2026-06-01T00:00:00Z", end="2026-06-02T00:00:00Z")
    assert [one.token_id for one in found.issued.tokens] == ["later"]
    assert found.dossier.total == 1


def test_a_place_in_the_list_that_is_none_is_refused(trail: Trail) -> None:
    for after in (["x", "y"], [1], [1, 2]):
        with pytest.raises(BadQuery, match="does not say which page"):
            ask_user(trail, "mallory", WHOLE_TRAIL, now=NOW, after=after)


def test_who_is_seen_at_too_many_places_is_told_since_when_it_holds(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(travel, "SIGHTINGS", 2)
    cut = ask_user(trail, "traveller", WHOLE_TRAIL, now=NOW).travel
    assert (cut.since, cut.total) == ("2026-01-05T01:00:00.000000001Z", 1)
    monkeypatch.setattr(travel, "STAYS", 2)
    assert (ask_user(trail, "traveller", WHOLE_TRAIL, now=NOW).travel.since or "")[:10] == "2026-01-05"


def test_tokens_alone_come_page_by_page(trail_of: Callable[..., Trail]) -> None:
    many = trail_of(*(issue(f"t{n:03}", "ada", at=f"2026-01-01T00:00:00.{n:09}Z") for n in range(TOKENS_A_PAGE + 1)))
    first = ask_tokens_issued(many, "ada", WHOLE_TRAIL)
    second = ask_tokens_issued(many, "ada", WHOLE_TRAIL, after=first.after)
    assert (len(first.tokens), [one.token_id for one in second.tokens], second.after) == (TOKENS_A_PAGE, ["t000"], None)


def test_how_many_tokens_can_be_used_now_is_of_all_of_them_whatever_the_page_holds(
    trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = ask_user(trail, "mallory", WHOLE_TRAIL, now=NOW)
    assert whole.issued.after is None
    alive = sum(token.status.state == "alive" for token in whole.issued.tokens)
    assert 0 < alive < len(whole.issued.tokens)
    for size in (1, 2, 5):
        monkeypatch.setattr(user, "TOKENS_A_PAGE", size)
        assert ask_user(trail, "mallory", WHOLE_TRAIL, now=NOW).usable == UsableTokens(alive, whole=True)
    monkeypatch.setattr(user, "USABLE_ASKED", 4)
    some = ask_user(trail, "mallory", WHOLE_TRAIL, now=NOW).usable
    assert not some.whole
    assert some.number <= alive


def test_it_is_two_round_trips_however_many_tokens_can_be_used(trail_of: Callable[..., Trail]) -> None:
    many = trail_of(*(issue(f"t{number}", "ada", at="2026-01-01T00:00:00Z") for number in range(TOKENS_A_PAGE + 40)))
    pool = many.client.transport.get_connection().pool
    before = pool.num_requests
    answer = ask_user(many, "ada", WHOLE_TRAIL, now=NOW)
    assert pool.num_requests - before == 2
    assert (len(answer.issued.tokens), answer.usable) == (TOKENS_A_PAGE, UsableTokens(TOKENS_A_PAGE + 40, whole=True))
