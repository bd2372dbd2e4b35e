"""Under which fingerprints a token was seen, known before it was asked."""

from datetime import UTC, datetime

from tests.support.factories.events import issue, revoke, use, write
from trail.connection import Trail
from trail.questions import parse_token_ref
from trail.questions.token import DrawnToken, ask_drawn_token, ask_token
from trail.search.bodies.lifeline import LifelineRequest
from trail.search.spec import WHOLE_TRAIL, Search

ROOT, CHILD, GRANDCHILD = "a" * 64, "b" * 64, "c" * 64
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def _draw(uses: Search, life: Search) -> LifelineRequest:
    return LifelineRequest(uses, "source.ip", lifecycle=life)


def _ask(trail: Trail, ref: str) -> DrawnToken:
    return ask_drawn_token(trail, parse_token_ref(ref), WHOLE_TRAIL, _draw, now=NOW)


def _macaroon(fingerprint: str, caveats: list[str]) -> dict[str, object]:
    text = "[" + ",".join(f'"{caveat}"' for caveat in caveats) + "]"
    return {"token__fingerprint": fingerprint, "token__caveats__json": text, "token__caveats__count": len(caveats)}


def _life(trail: Trail) -> None:
    write(
        trail,
        issue("t", "ada", at="2026-11-01T00:00:00Z", **_macaroon(ROOT, ["org:1"])),
        use("t", at="2026-11-02T00:00:00Z", **_macaroon(ROOT, ["org:1"])),
        use(
            "t",
            id="narrowed",
            at="2026-11-03T00:00:00.000000007Z",
            token__parent_fingerprint=ROOT,
            **_macaroon(CHILD, ["org:1", "resource:secrets"]),
        ),
        use("t", at="2026-11-04T00:00:00Z", **_macaroon(GRANDCHILD, ["org:1", "resource:secrets", "action:read"])),
        use(
            "t",
            at="2026-11-09T00:00:00Z",
            event__outcome="failure",
            **_macaroon(GRANDCHILD, ["org:1", "resource:secrets", "action:read"]),
        ),
        issue("child", "ada", id="born", at="2026-11-05T00:00:00Z", token__parent_fingerprint=ROOT),
        revoke("t", at="2026-11-06T00:00:00Z"),
    )


def test_each_fingerprint_says_what_was_added_and_how_that_is_known(trail: Trail) -> None:
    _life(trail)
    assert [
        (each.fingerprint, each.source, each.added, each.accepted, each.denied)
        for each in _ask(trail, "t").attenuations
    ] == [
        (ROOT, None, (), 2, 0),
        (CHILD, "recorded", ("resource:secrets",), 1, 0),
        (GRANDCHILD, "inferred", ("action:read",), 1, 1),
    ]


def test_the_first_event_of_each_is_exact(trail: Trail) -> None:
    _life(trail)
    child = _ask(trail, "t").attenuations[1]
    assert (child.event_id, child.at) == ("narrowed", "2026-11-03T00:00:00.000000007Z")


def test_a_token_s_life_holds_what_was_issued_from_it(trail: Trail) -> None:
    _life(trail)
    kinds = [(moment.kind, moment.named["token.id"]) for moment in _ask(trail, "t").lifeline.lifecycle]
    assert kinds == [("issued", "t"), ("issued", "child"), ("revoked", "t")]


def test_with_its_lifeline_a_token_takes_as_many_requests_as_without(trail: Trail) -> None:
    _life(trail)
    ref, pool = parse_token_ref("t"), trail.client.transport.get_connection().pool
    numbers = []
    for question in (lambda: ask_token(trail, ref, WHOLE_TRAIL, now=NOW), lambda: _ask(trail, "t")):
        question()
        before = int(pool.num_requests)
        question()
        numbers.append(int(pool.num_requests) - before)
    assert numbers[0] == numbers[1]


def test_a_token_of_one_event_has_no_attenuation(trail: Trail) -> None:
    write(trail, issue("t", "ada"))
    drawn = _ask(trail, "t")
    assert drawn.attenuations == ()
    assert drawn.lifeline.total == 0
