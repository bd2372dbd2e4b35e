"""What a revocation reaches: one rule for the token's page, the tree, the tokens issued to a user and the exposure."""

import itertools
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.factories.events import event, issue, revoke, use, write
from trail.connection import Trail
from trail.questions import ask_token, ask_tokens_issued, parse_token_ref
from trail.questions.compromise import ask_compromise
from trail.questions.lineage import ask_lineage
from trail.questions.token_status import TokenStatus
from trail.search.spec import WHOLE_TRAIL

NOW = datetime(2026, 11, 24, tzinfo=UTC)
A, B, C = ("a" * 64, "b" * 64, "c" * 64)
Told = tuple[str, str | None, str | None, str | None]
_histories = itertools.count(1)


def _wide(scope: str, at: str, operation: str = "token.revoke", **fields: str) -> dict[str, Any]:
    return event(event__action=operation, token__operation=operation, token__revocation__scope=scope, at=at, **fields)


def _told(status: TokenStatus) -> Told:
    """The state, since when, by which event, through which name."""
    ending = status.ending
    return status.state, status.since, ending and ending.event.event_id, ending and ending.through


def _on_page(trail: Trail, ref: str) -> Told:
    return _told(ask_token(trail, parse_token_ref(ref), WHOLE_TRAIL, now=NOW).status)


def _in_tree(trail: Trail, ref: str) -> dict[str, Told]:
    found = ask_lineage(trail, parse_token_ref(ref), WHOLE_TRAIL, now=NOW)
    return {node.ref: _told(node.status) for node in (*found.nodes, *found.ancestors)}


def _as_issued(trail: Trail, user: str) -> dict[str, Told]:
    return {token.ref: _told(token.status) for token in ask_tokens_issued(trail, user, WHOLE_TRAIL, now=NOW).tokens}


def _exposed_until(trail: Trail, ref: str) -> list[str]:
    """The revocations that an exposure can end with."""
    found = ask_compromise(trail, parse_token_ref(ref), WHOLE_TRAIL, now=NOW)
    return [ending.event.event_id for ending in found.revocations]


@pytest.mark.parametrize("kind", ["user", "organization"])
def test_a_revocation_that_names_its_subject_as_the_resource_alone_reaches_the_tree_as_well(
    trail: Trail, kind: str
) -> None:
    owner = {"organization__id": "subject"} if kind == "organization" else {"user__id": "subject"}
    write(
        trail,
        issue("t", "ada", token__fingerprint=A, at="2026-01-01T00:00:00Z", **owner),
        use("t", token__fingerprint=A, at="2026-02-01T00:00:00Z"),
        _wide(kind, "2026-03-01T00:00:00Z", id="end", resource__type=kind, resource__id="subject", user__id="sec"),
    )
    through = "organisation" if kind == "organization" else "user"
    told = ("revoked", "2026-03-01T00:00:00Z", "end", through)
    assert _on_page(trail, "t") == told
    assert _in_tree(trail, "t") == {A: told}
    assert _as_issued(trail, "ada" if kind == "organization" else "subject") == {"t": told}
    assert _exposed_until(trail, "t") == ["end"]


def test_a_revocation_of_whoever_an_ancestor_belongs_to_reaches_the_page_as_well(trail: Trail) -> None:
    write(
        trail,
        issue("t", "ada", token__fingerprint=A, at="2026-01-01T00:00:00Z"),
        issue("n", "svc", token__fingerprint=B, token__parent_fingerprint=A, at="2026-01-02T00:00:00Z"),
        _wide("user", "2026-03-01T00:00:00Z", id="end", user__id="ada"),
    )
    told = ("revoked", "2026-03-01T00:00:00Z", "end", "ancestor")
    assert (_on_page(trail, "n"), _in_tree(trail, "n")[B], _as_issued(trail, "svc")) == (told, told, {"n": told})


def test_whoever_uses_a_token_of_another_is_not_whose_it_is(trail: Trail) -> None:
    write(
        trail,
        issue("t", "ada", token__fingerprint=A, at="2026-01-01T00:00:00Z"),
        use("t", token__fingerprint=A, user__id="mallory", at="2026-02-01T00:00:00Z"),
        _wide("user", "2026-03-01T00:00:00Z", user__id="mallory"),
    )
    alive = ("alive", None, None, None)
    assert (_on_page(trail, "t"), _in_tree(trail, "t"), _as_issued(trail, "ada")) == (alive, {A: alive}, {"t": alive})


def test_a_key_that_only_a_use_names_takes_the_token_along_on_every_page(trail: Trail) -> None:
    write(
        trail,
        issue("t", "ada", token__fingerprint=A, at="2026-01-01T00:00:00Z"),
        use("t", token__fingerprint=A, token__key_id="k", at="2026-02-01T00:00:00Z"),
        _wide("key", "2026-03-01T00:00:00Z", id="end", token__key_id="k"),
    )
    told = ("revoked", "2026-03-01T00:00:00Z", "end", "key")
    assert (_on_page(trail, "t"), _in_tree(trail, "t"), _as_issued(trail, "ada")) == (told, {A: told}, {"t": told})


def test_of_two_parents_each_takes_its_child_along(trail: Trail) -> None:
    write(
        trail,
        issue("t", "ada", token__fingerprint=A, at="2026-01-01T00:00:00Z"),
        issue("n", "ada", token__fingerprint=B, at="2026-01-02T00:00:00Z"),
        issue("c", "ada", token__fingerprint=C, token__parent_fingerprint=A, at="2026-01-03T00:00:00Z"),
        use("c", token__fingerprint=C, token__parent_fingerprint=B, at="2026-01-04T00:00:00Z"),
        revoke("n", at="2026-03-01T00:00:00Z", id="end"),
    )
    told = ("revoked", "2026-03-01T00:00:00Z", "end", "ancestor")
    assert (_on_page(trail, C), _in_tree(trail, C)[C], _in_tree(trail, "t")[C]) == (told, told, told)


# --- A law -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """One macaroon of an invented history."""

    number: int
    fingerprint: str
    token_id: str
    issued: bool
    parent: int | None
    caveats: tuple[str, ...]
    owner: tuple[int, int, int]  # user, organisation, key


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[tuple[int, bool, tuple[int, int, int], bool]], list[tuple[str, ...]]]:
    """For each macaroon its parent, whether it was issued, whose, and whether its issue names the key; and what was ended."""
    few = st.integers(0, 1)
    macaroons = [
        (draw(st.integers(-1, number - 1)), draw(st.booleans()), (draw(few), draw(few), draw(few)), draw(st.booleans()))
        for number in range(draw(st.integers(1, 6)))
    ]
    operations, which = st.sampled_from(("revoke", "revoke", "restore")), st.integers(0, len(macaroons) - 1)
    kinds = st.sampled_from(
        (
            "id",
            "fingerprint",
            "user",
            "organisation",
            "organization",
            "key",
            "user as resource",
            "organisation as resource",
        )
    )
    endings = draw(
        st.lists(st.tuples(operations, kinds, which.map(str), st.integers(0, 5).map(str)), min_size=1, max_size=6)
    )
    return macaroons, endings


def _make(history: list[tuple[int, bool, tuple[int, int, int], bool]], name: str) -> list[Made]:
    made: list[Made] = []
    for number, (parent, issued, owner, _) in enumerate(history):
        above = made[parent] if parent >= 0 else None
        issued = issued or above is None
        token_id = f"{name}-{number}" if issued or above is None else above.token_id
        caveats = () if issued or above is None else (*above.caveats, f"c{number}")
        fingerprint = f"{name:0>32}{number:032x}"
        made.append(Made(number, fingerprint, token_id, issued, above.number if above else None, caveats, owner))
    return made


def _events(
    made: list[Made], history: list[tuple[int, bool, tuple[int, int, int], bool]], name: str
) -> list[dict[str, Any]]:
    events = []
    for macaroon, (*_, names_key) in zip(made, history, strict=True):
        user, organisation, key = macaroon.owner
        parent = {} if macaroon.parent is None else {"token__parent_fingerprint": made[macaroon.parent].fingerprint}
        fields = {
            "token__fingerprint": macaroon.fingerprint,
            "token__caveats__json": json.dumps(macaroon.caveats),
            **parent,
        }
        at = f"2026-01-{1 + 2 * macaroon.number:02}T00:00:00.{macaroon.number:09}Z"
        if macaroon.issued:
            keys = {"token__key_id": f"{name}-key-{key}"} if names_key else {}
            events.append(
                issue(
                    macaroon.token_id,
                    f"{name}-user-{user}",
                    organization__id=f"{name}-org-{organisation}",
                    at=at,
                    **fields,
                    **keys,
                )
            )
        # Used by anybody; the key is known to whoever verifies.
        events.append(
            use(
                macaroon.token_id,
                user__id=f"{name}-user-{1 - user}",
                token__key_id=f"{name}-key-{key}",
                at=at.replace("T00", "T12"),
                **fields,
            )
        )
    return events


def _ends(made: list[Made], endings: list[tuple[str, ...]], name: str) -> list[dict[str, Any]]:
    events = []
    for operation, kind, which, day in endings:
        macaroon = made[int(which)]
        user, organisation, key = macaroon.owner
        subjects = {
            "user": f"{name}-user-{user}",
            "organisation": f"{name}-org-{organisation}",
            "key": f"{name}-key-{key}",
        }
        fields = {
            "id": {"token__id": macaroon.token_id},
            "fingerprint": {"token__fingerprint": macaroon.fingerprint},
            "user": {"user__id": subjects["user"]},
            "key": {"token__key_id": subjects["key"]},
            "organisation": {"organization__id": subjects["organisation"]},
            "organization": {"organization__id": subjects["organisation"]},
            "user as resource": {"resource__type": "user", "resource__id": subjects["user"], "user__id": "sec"},
            "organisation as resource": {"resource__type": "organization", "resource__id": subjects["organisation"]},
        }[kind]
        scope = "token" if kind in ("id", "fingerprint") else kind.split()[0]
        events.append(_wide(scope, f"2026-01-{2 + 2 * int(day):02}T00:00:00Z", f"token.{operation}", **fields))
    return events


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(histories())
def test_every_page_says_the_same_of_a_token(
    trail: Trail, history: tuple[list[tuple[int, bool, tuple[int, int, int], bool]], list[tuple[str, ...]]]
) -> None:
    macaroons, endings = history
    name = f"{next(_histories):x}"  # the histories before are there as strangers
    made = _make(macaroons, name)
    write(trail, *_events(made, macaroons, name), *_ends(made, endings, name))
    for macaroon in made:
        page = _on_page(trail, macaroon.fingerprint)
        assert _in_tree(trail, macaroon.fingerprint)[macaroon.fingerprint] == page
        assert _in_tree(trail, macaroon.token_id)[macaroon.fingerprint] == page
        exposed = _exposed_until(trail, macaroon.fingerprint)
        assert page[2] in exposed if page[2] else page[0] == "alive"
    issued = _as_issued(trail, f"{name}-user-0") | _as_issued(trail, f"{name}-user-1")
    assert issued == {macaroon.token_id: _on_page(trail, macaroon.token_id) for macaroon in made if macaroon.issued}
    for macaroon in made:
        if macaroon.issued:
            assert _in_tree(trail, macaroon.token_id)[macaroon.fingerprint] == issued[macaroon.token_id]
