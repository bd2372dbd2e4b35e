"""The demonstration on the real engine: written once, labelled, and its answer found again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from operations.demonstration.services import is_loaded
from operations.management.commands import demo
from tests.support.cut_answers import cut
from tests.support.factories.events import event, write
from trail import mapping
from trail.connection import Trail
from trail.maintenance.sequences import find_gaps
from trail.questions import ask_token, ask_tokens_issued, parse_token_ref
from trail.questions.compromise import ask_compromise
from trail.questions.lineage import ask_lineage
from trail.questions.user import ask_user
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Filter, Search


def _demo(**options: Any) -> str:
    out = StringIO()
    call_command("demo", quiet=True, stdout=out, **options)
    return out.getvalue()


def _answer(text: str) -> dict[str, str]:
    return {line[:26].strip(): line[26:].strip() for line in text.splitlines()}


@pytest.mark.django_db
def test_the_three_questions_find_the_answer(trail: Trail) -> None:
    assert not is_loaded()
    assert "4,000 events written" in _demo(events=4_000, seed=7, until="2026-11-20")
    assert "0 events written, 4,000 were there already" in _demo(events=4_000, seed=7, until="2026-11-20")
    trail.client.indices.refresh(index=trail.events)
    assert is_loaded()
    labelled = Search(filters=(Filter("event.dataset", ("demonstration",)),))
    assert execute.count(trail, labelled, WHOLE_TRAIL) == 4_000
    # No numbers are named: the command tells which demonstration is there.
    answer = _answer(_demo(answer=True))
    leaked = parse_token_ref(answer["token_id"])
    first = ask_token(trail, leaked, WHOLE_TRAIL).first
    assert first is not None
    assert (first.timestamp, first.document["source"]["ip"]) == (answer["first_used"], answer["first_used_from"])
    issued = ask_tokens_issued(trail, answer["user_id"], WHOLE_TRAIL).tokens
    assert {answer["token_id"], answer["issued_token_id"]} <= {token.token_id for token in issued}
    before = ask_compromise(trail, leaked, WHOLE_TRAIL)
    assert before.revocation is not None
    assert before.refused is not None
    assert before.revocation.at == answer["revoked_at"]
    assert before.total == int(answer["events_before_revocation"])
    assert before.refused.total == int(answer["refused_after_revocation"])
    assert before.accepted is not None
    (late,) = before.accepted.verifiers
    assert (late.name, late.uses, late.cached) == (answer["late_verifier"], 3, 3)
    assert before.accepted.total == int(answer["accepted_after_revocation"])
    assert before.accepted.last is not None
    assert before.accepted.last.timestamp == answer["accepted_until"]
    assert late.lag / 1e9 == pytest.approx(float(answer["verifier_lag_seconds"]), abs=0.002)
    family = {node.fingerprint for node in ask_lineage(trail, leaked, WHOLE_TRAIL).nodes}
    assert set(answer["descendants"].split(", ")) <= family
    person = ask_user(trail, answer["traveller_id"], WHOLE_TRAIL, now=datetime.now(UTC))
    assert person.travel.total == int(answer["travels"])
    assert person.travel.leaps[-1].after.timestamp == answer["travelled_at"]
    ends = [sighting.city for sighting in person.travel.leaps[-1].ends]
    assert ends == [answer["travel_from"], answer["travel_to"]]
    (gap,) = find_gaps(trail)
    expected = (answer["gap_writer"], int(answer["gap_first"]), int(answer["gap_last"]))
    assert (gap.writer, gap.first, gap.last) == expected


@pytest.mark.django_db
def test_of_an_older_demonstration_no_answer_is_given(trail: Trail) -> None:
    write(trail, event(id="demo-1-20261120-90d-4000-000000000", event__dataset="demonstration"))
    with pytest.raises(CommandError, match="older version"):
        _demo(answer=True)


@pytest.fixture
def cut_short(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trail]:
    """A trail that the command meets first: its wire is cut at the third bulk."""
    mapping.install(trail)
    node = trail.client.transport.get_connection().host
    with cut(node, trail.prefix, after=12, answered=True) as wire:
        met = iter([wire, wire])  # to install the schema, and to write
        monkeypatch.setattr(demo, "trail", lambda: next(met, trail))
        monkeypatch.setattr(demo, "PAUSE", 0.0)
        yield wire


def test_a_demonstration_that_the_engine_did_not_take_at_once_is_written_all_the_same(
    trail: Trail, cut_short: Trail
) -> None:
    told = _demo(events=8_000, until="2026-11-20", stderr=StringIO())
    written, existing = (int(part.split()[0].replace(",", "")) for part in told.split(" events written, ")[:2])
    assert existing > 0, "the wire was cut before anything was written"
    assert written + existing == 8_000
    trail.client.indices.refresh(index=trail.events)
    assert execute.count(trail, Search(), WHOLE_TRAIL) == 8_000


def test_another_demonstration_does_not_meet_the_first(trail: Trail) -> None:
    _demo(events=2_000, until="2026-11-20")
    assert "2,000 events written" in _demo(events=2_000, until="2026-11-21")


def test_numbers_that_make_no_demonstration_are_one_sentence() -> None:
    with pytest.raises(CommandError, match="at least"):
        _demo(events=10)
    with pytest.raises(CommandError, match="Invalid isoformat"):
        _demo(until="soon")
