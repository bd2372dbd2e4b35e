"""From compromise to revocation, with answers that were known before it was asked."""

from datetime import UTC, datetime

import pytest

from operations.demonstration.generator import Demonstration, generate_events
from operations.demonstration.incident import INTRUDER, OWNER, SECRETS
from tests.support.factories.events import event, issue, revoke, use, write
from trail.connection import Trail
from trail.errors import BadQuery
from trail.questions import ask_token, parse_token_ref
from trail.questions.compromise import Compromise, ask_compromise, list_affected
from trail.questions.lineage import ask_lineage
from trail.search import execute
from trail.search.execute import Hit
from trail.search.spec import WHOLE_TRAIL, Filter, Scope, Search
from trail.writing.writer import write_many

A, B, C, D = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def _of(trail: Trail, ref: str, **more: str) -> Compromise:
    return ask_compromise(trail, parse_token_ref(ref), WHOLE_TRAIL, now=NOW, **more)


def _id(hit: Hit | None) -> str | None:
    return hit.event_id if hit else None


def _life(trail: Trail) -> None:
    """Used at home, then by an intruder, who narrows it and gets another token; revoked; tried again by both."""
    home = {"source__ip": "10.0.0.1", "user__id": "ada", "organization__id": "org"}
    away = {"source__ip": "203.0.113.9", "user__id": "ada", "organization__id": "org"}
    no = {"event__outcome": "failure", "event__reason": "revoked"}
    write(
        trail,
        issue("t", "ada", token__fingerprint=A, token__caveats__json="[]", at="2026-01-01T00:00:00Z"),
        use("t", id="home", token__fingerprint=A, at="2026-02-01T00:00:00Z", **home),
        use(
            "t",
            id="taken",
            token__fingerprint=A,
            at="2026-02-02T00:00:00Z",
            resource__type="secret",
            resource__id="s1",
            **away,
        ),
        use(
            "t",
            id="narrow",
            token__fingerprint=B,
            token__parent_fingerprint=A,
            at="2026-02-03T00:00:00Z",
            resource__type="secret",
            resource__id="s2",
            **away,
        ),
        issue("n", "ada", id="new", token__fingerprint=D, token__parent_fingerprint=A, at="2026-02-04T00:00:00Z"),
        use("n", id="used", token__fingerprint=D, at="2026-02-05T00:00:00Z", **away),
        use("other", id="beside", at="2026-02-06T00:00:00Z", source__ip="203.0.113.9"),
        revoke("t", id="end", at="2026-03-01T00:00:00Z", user__id="sec"),
        use("t", id="same", token__fingerprint=A, at="2026-03-01T00:00:00Z", service__name="api", **home),
        use(
            "t",
            id="stale",
            token__fingerprint=B,
            at="2026-03-01T00:00:05Z",
            service__name="edge",
            token__cache_hit=True,
            **away,
        ),
        use("n", id="slow", token__fingerprint=D, at="2026-03-01T00:01:00Z", service__name="machines", **away),
        use("t", id="no", token__fingerprint=A, at="2026-03-02T00:00:00Z", **away, **no),
        use("other", id="then", at="2026-03-03T00:00:00Z", source__ip="203.0.113.9"),
        use("else", at="2026-03-03T00:00:00Z", source__ip="198.51.100.1"),
    )


def test_what_it_did_until_revocation_includes_its_descendants_and_begins_with_the_compromise(trail: Trail) -> None:
    _life(trail)
    found = _of(trail, "t", at="taken")
    assert (found.at, _id(found.moment)) == ("2026-02-02T00:00:00Z", "taken")
    assert found.events == ("taken", "narrow", "new", "used")
    assert (found.total, found.tokens, execute.count(trail, found.search, WHOLE_TRAIL)) == (4, 3, 4)
    assert (_id(found.last_legitimate), _id(found.first_suspicious)) == ("home", "taken")
    assert {one.value: one.count for one in found.did["event.action"].values} == {
        "token.authorize": 3,
        "token.issue": 1,
    }
    assert _of(trail, "t").total == 6
    assert _of(trail, "t").last_legitimate is None


def test_of_a_chosen_actor_every_figure_is_what_they_did(trail: Trail) -> None:
    _life(trail)
    whole = _of(trail, "t")
    home, away = (_of(trail, "t", actor=f"address:{address}") for address in ("10.0.0.1", "203.0.113.9"))
    assert [one.events for one in (home, away)] == [("home",), ("taken", "narrow", "used")]
    assert [one.total for one in (home, away)] == [1, 3]
    assert all(execute.count(trail, one.search, WHOLE_TRAIL) == one.total for one in (whole, home, away))
    assert [
        (one.accepted.total, one.refused.total, one.same_instant)
        for one in (home, away)
        if one.accepted and one.refused
    ] == [
        (0, 0, 1),
        (2, 1, 0),
    ]
    assert [[resource.value for resource in one.radius.resources] for one in (home, away)] == [[], ["s1", "s2"]]
    reached = [
        sum(row.count for row in list_affected(trail, one.radius.search, WHOLE_TRAIL) if row.field == "user.id")
        for one in (whole, home, away)
    ]
    assert reached == [whole.radius.users.values[0].count, 2, 5]


def test_everyone_who_used_it_can_be_chosen_whoever_is(trail: Trail) -> None:
    _life(trail)
    for actor in ("", "address:203.0.113.9", "address:198.51.100.77"):
        actors = _of(trail, "t", actor=actor).actors
        assert (actors.total, actors.denied) == (6, 1)
        counts = {one.value: one.count for one in actors.before["source.ip"].values}
        assert counts == {"203.0.113.9": 3, "10.0.0.1": 1}
        assert [one.value for one in actors.after["source.ip"].values] == ["203.0.113.9"]


@pytest.mark.parametrize("value", ["<script>", "a' OR 1=1", 'x" OR *', "$ids", "\u202e", "*"])
def test_an_actors_name_is_a_value_that_finds_nothing_and_breaks_nothing(trail: Trail, value: str) -> None:
    _life(trail)
    assert (_of(trail, "t", actor=f"client:{value}").total, _of(trail, "t").total) == (0, 6)
    for actor in (f"address:{value}", f"user.id:{value}", value, "client:"):
        with pytest.raises(BadQuery):
            _of(trail, "t", actor=actor)


def test_what_verifiers_accepted_afterwards_is_told_with_their_lag(trail: Trail) -> None:
    _life(trail)
    found = _of(trail, "t")
    assert found.accepted
    assert (found.accepted.total, found.accepted.cached, found.same_instant) == (2, 1, 1)
    assert [(one.name, one.uses, one.cached, one.lag) for one in found.accepted.verifiers] == [
        ("machines", 1, 0, 60 * 10**9),
        ("edge", 1, 1, 5 * 10**9),
    ]
    assert (_id(found.accepted.first), _id(found.accepted.last)) == ("stale", "slow")


def test_rejected_tries_and_the_other_tokens_of_the_addresses_that_tried(trail: Trail) -> None:
    _life(trail)
    found = _of(trail, "t", at="2026-02-02")
    assert found.refused
    assert found.others
    assert (found.refused.total, _id(found.refused.first)) == (1, "no")
    assert [one.value for one in found.refused.by["source.ip"].values] == ["203.0.113.9"]
    assert (found.others.addresses, found.others.new) == (("203.0.113.9",), ("203.0.113.9",))
    assert [(one.value, one.count, one.after, one.addresses) for one in found.others.tokens] == [
        ("other", 2, 1, ("203.0.113.9",))
    ]


def test_the_blast_radius_is_what_was_not_refused_and_can_be_had_whole(trail: Trail) -> None:
    _life(trail)
    found = _of(trail, "t", at="taken")
    assert [one.value for one in found.radius.users.values] == ["ada"]
    assert [(one.type, one.value) for one in found.radius.resources] == [("secret", "s1"), ("secret", "s2")]
    whole = list(list_affected(trail, found.radius.search, WHOLE_TRAIL))
    assert [(one.field, one.type, one.value) for one in whole] == [
        ("user.id", "", "ada"),
        ("organization.id", "", "org"),
        ("resource.id", "secret", "s1"),
        ("resource.id", "secret", "s2"),
    ]
    assert whole[0].count == found.radius.users.values[0].count == 7


def test_asked_by_fingerprint_only_what_descends_from_it_counts_and_the_whole_tokens_end_is_its_end(
    trail: Trail,
) -> None:
    _life(trail)
    found = _of(trail, B)
    assert found.events == ("narrow",)
    assert found.revocation
    assert found.revocation.event.event_id == "end"
    issued = _of(trail, "n")
    assert issued.revocation
    assert (issued.revocation.through, issued.revocation.event.event_id) == ("ancestor", "end")


def test_of_several_revocations_the_last_counts_or_the_one_that_is_named_or_the_next_after_the_moment(
    trail: Trail,
) -> None:
    write(
        trail,
        use("t", at="2026-01-01T00:00:00Z"),
        revoke("t", id="r1", at="2026-02-01T00:00:00Z"),
        event(token__id="t", token__operation="token.restore", id="back", at="2026-02-02T00:00:00Z"),
        use("t", at="2026-02-03T00:00:00Z"),
        revoke("t", id="r2", at="2026-03-01T00:00:00Z"),
        revoke("t", at="2026-04-01T00:00:00Z", event__outcome="failure"),
    )
    last, first = _of(trail, "t"), _of(trail, "t", revocation_id="r1")
    assert (last.total, first.total, len(last.revocations)) == (2, 1, 2)
    assert first.restored
    assert first.accepted
    # What was accepted once it was restored is no use after revocation.
    assert (first.restored.event.event_id, first.accepted.total) == ("back", 0)
    after = _of(trail, "t", at="2026-01-15")
    assert after.revocation
    assert after.revocation.event.event_id == "r1"
    with pytest.raises(BadQuery, match="no revocation nowhere"):
        _of(trail, "t", revocation_id="nowhere")
    with pytest.raises(BadQuery, match="before the moment"):
        _of(trail, "t", at="2026-02-15", revocation_id="r1")
    with pytest.raises(BadQuery, match="neither a time"):
        _of(trail, "t", at="yesterday")


def test_a_token_that_stands_is_followed_to_the_present(trail: Trail) -> None:
    write(trail, use("t", at="2026-01-01T00:00:00Z"))
    found = _of(trail, "t", at="2025-12-31")
    assert (found.total, found.revocation, found.accepted, found.refused, found.others) == (1, None, None, None, None)


def test_more_than_can_be_pinned_at_once_are_not_offered_one_by_one(trail: Trail) -> None:
    write(trail, *(use("t", at="2026-01-01T00:00:00Z") for _ in range(501)))
    assert (_of(trail, "t").total, _of(trail, "t").events) == (501, ())


def test_the_demonstrations_incident_has_the_answer_it_says(trail: Trail) -> None:
    demonstration = Demonstration(4_000, 3, datetime(2026, 11, 24, tzinfo=UTC))
    assert {outcome.status for outcome in write_many(trail, generate_events(demonstration))} == {"created"}
    trail.client.indices.refresh(index=trail.events)
    told = demonstration.answer()
    leaked = parse_token_ref(told.token_id)

    life = ask_token(trail, leaked, WHOLE_TRAIL, now=NOW)
    assert life.first
    assert (life.first.timestamp, life.first.document["source"]["ip"]) == (told.first_used, told.first_used_from)
    assert (life.status.state, life.status.since) == ("revoked", told.revoked_at)

    tree = ask_lineage(trail, leaked, WHOLE_TRAIL, now=NOW)
    assert {node.fingerprint for node in tree.nodes} == {told.fingerprint, *told.descendants}
    assert tree.alive == 0

    whole = ask_compromise(trail, leaked, WHOLE_TRAIL, now=NOW)
    assert whole.revocation
    assert whole.refused
    assert (whole.total, whole.refused.total) == (told.events_before_revocation, told.refused_after_revocation)
    assert whole.revocation.event.document["user"]["id"] == told.revoked_by

    found = ask_compromise(trail, leaked, WHOLE_TRAIL, at=told.first_used_from_elsewhere, now=NOW)
    assert found.first_suspicious
    assert found.last_legitimate
    assert found.first_suspicious.timestamp == told.first_used_from_elsewhere
    assert found.first_suspicious.document["source"]["ip"] == told.intruder == INTRUDER["source.ip"]
    assert found.last_legitimate.document["source"]["ip"] == told.first_used_from
    secrets = {one.value for one in found.radius.resources if one.type == "secret"}
    assert secrets == set(SECRETS)
    assert [one.value for one in found.radius.users.values] == [OWNER["user.id"]]
    assert found.others
    assert found.others.new == (told.intruder,)


def test_no_answer_counts_what_the_person_may_not_find(trail: Trail) -> None:
    of_a_case = {"event__dataset": "console", "resource__type": "case", "resource__id": "c1", "user__id": "alice"}
    write(
        trail,
        use("t", token__fingerprint=A, at="2026-01-01T00:00:00Z"),
        use("t", token__fingerprint=B, token__parent_fingerprint=A, at="2026-01-02T00:00:00Z", **of_a_case),
        revoke("t", at="2026-01-03T00:00:00Z", **of_a_case),
        use("hidden", at="2026-01-04T00:00:00Z", **of_a_case),
    )
    stranger, member = Scope(user_id="charlie"), Scope(user_id="bob", cases=("c1",))
    seen = [ask_token(trail, parse_token_ref("t"), who, now=NOW) for who in (stranger, member)]
    assert [(one.events, one.status.state, one.coverage.events) for one in seen] == [(1, "alive", 1), (3, "revoked", 4)]
    assert [ask_lineage(trail, parse_token_ref("t"), who, now=NOW).tokens for who in (stranger, member)] == [1, 2]
    assert [ask_compromise(trail, parse_token_ref("t"), who, now=NOW).total for who in (stranger, member)] == [1, 2]
    search = Search(filters=(Filter("token.lineage", ("t",)),))
    assert [execute.count(trail, search, who) for who in (stranger, member)] == [1, 3]
