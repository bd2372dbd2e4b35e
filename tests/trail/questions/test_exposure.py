"""A compromise as it is drawn: what was reached by kind, and the same figures as the answer's."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.factories.events import issue, revoke, use, write
from trail.connection import Trail
from trail.questions import parse_token_ref
from trail.questions.compromise import ask_compromise
from trail.questions.exposure import Exposure, ask_exposure
from trail.search import engine
from trail.search.bodies.lifeline import LifelineRequest
from trail.search.spec import WHOLE_TRAIL

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def _ask(trail: Trail, **more: str) -> Exposure:
    return ask_exposure(
        trail,
        parse_token_ref("t"),
        WHOLE_TRAIL,
        lambda search: LifelineRequest(search, "source.ip"),
        now=NOW,
        **more,
    )


def _life(trail: Trail) -> None:
    home, away = {"source__ip": "10.0.0.1"}, {"source__ip": "203.0.113.9"}
    secret = {"resource__type": "secret", "resource__id": "s1"}
    no = {"event__outcome": "failure", "event__reason": "revoked"}
    write(
        trail,
        use(
            "t",
            token__fingerprint="a" * 64,
            resource__type="build",
            resource__id="b1",
            at="2026-02-01T00:00:00Z",
            **home,
        ),
        use("t", token__fingerprint="a" * 64, at="2026-02-02T00:00:00Z", **away, **secret),
        use("t", token__fingerprint="a" * 64, at="2026-02-03T00:00:00Z", **away, **secret),
        issue(
            "n",
            "ada",
            token__fingerprint="d" * 64,
            token__parent_fingerprint="a" * 64,
            at="2026-02-04T00:00:00Z",
            **away,
        ),
        revoke("t", at="2026-03-01T00:00:00Z"),
        use("t", token__fingerprint="a" * 64, at="2026-03-02T00:00:00Z", **away, **secret, **no),
    )


def test_what_was_reached_is_counted_by_kind_and_by_thing(trail: Trail) -> None:
    _life(trail)
    found = _ask(trail)
    assert [(kind.type, kind.number, kind.count, kind.denied) for kind in found.reached] == [
        ("build", 1, 1, 0),
        ("secret", 1, 2, 1),
    ]
    (thing,) = found.reached[1].listed
    assert (thing.value, thing.count, thing.denied, [denied for _, denied in thing.events]) == (
        "s1",
        2,
        1,
        [False, False, True],
    )
    assert [value.value for value in found.issued.values] == ["n"]


def test_the_picture_and_what_was_reached_are_of_who_is_chosen(trail: Trail) -> None:
    _life(trail)
    found = _ask(trail, actor="address:10.0.0.1")
    assert [(kind.type, kind.count, kind.denied) for kind in found.reached] == [("build", 1, 0)]
    assert [(lane.value, lane.count) for lane in found.lifeline.lanes] == [("10.0.0.1", 1)]
    assert (found.lifeline.total, found.compromise.total, found.issued.values) == (1, 1, [])


def test_what_was_only_denied_was_not_reached(trail: Trail) -> None:
    _life(trail)
    (secret,) = _ask(trail, at="2026-02-05").reached
    assert (secret.number, secret.count, secret.denied, secret.first) == (0, 0, 1, None)


def test_it_is_drawn_in_as_many_requests_as_it_is_answered(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    _life(trail)
    sent: list[str] = []

    def count(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*words: Any, **more: Any) -> Any:
            sent.append(name)
            return ask(*words, **more)

        return counted

    for name in ("send", "send_all"):
        monkeypatch.setattr(engine, name, count(name, getattr(engine, name)))
    ask_compromise(trail, parse_token_ref("t"), WHOLE_TRAIL, now=NOW)
    answered = len(sent)
    _ask(trail)
    assert (answered > 0, len(sent)) == (True, 2 * answered)
