"""The demonstration on the real engine: written once, labelled, and its answer found again."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from operations.services.demonstration import demonstration_loaded
from trail.connection import Trail
from trail.questions import dossier, token_ref, tokens_issued
from trail.questions.compromise import compromise
from trail.questions.lineage import lineage
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Filter, Search


def _demo(**options: Any) -> str:
    out = StringIO()
    call_command("demo", quiet=True, stdout=out, **options)
    return out.getvalue()


def _answer(text: str) -> dict[str, str]:
    return {line[:26].strip(): line[26:].strip() for line in text.splitlines()}


def test_the_three_questions_find_the_answer(trail: Trail) -> None:
    assert not demonstration_loaded()
    assert "4,000 events written" in _demo(events=4_000, seed=7, until="2026-11-20")
    assert "0 events written, 4,000 were there already" in _demo(events=4_000, seed=7, until="2026-11-20")
    trail.client.indices.refresh(index=trail.events)
    assert demonstration_loaded()
    labelled = Search(filters=(Filter("event.dataset", ("demonstration",)),))
    assert execute.count(trail, labelled, WHOLE_TRAIL) == 4_000
    # No numbers are named: the command tells which demonstration is there.
    answer = _answer(_demo(answer=True))
    leaked = token_ref(answer["token_id"])
    first = dossier(trail, leaked, WHOLE_TRAIL).first
    assert first is not None
    assert (first.timestamp, first.document["source"]["ip"]) == (answer["first_used"], answer["first_used_from"])
    issued = tokens_issued(trail, answer["user_id"], WHOLE_TRAIL).tokens
    assert {answer["token_id"], answer["issued_token_id"]} <= {token.token_id for token in issued}
    before = compromise(trail, leaked, WHOLE_TRAIL)
    assert before.revocation is not None
    assert before.refused is not None
    assert before.revocation.at == answer["revoked_at"]
    assert before.total == int(answer["events_before_revocation"])
    assert before.refused.total == int(answer["refused_after_revocation"])
    family = {node.fingerprint for node in lineage(trail, leaked, WHOLE_TRAIL).nodes}
    assert set(answer["descendants"].split(", ")) <= family


def test_another_demonstration_does_not_meet_the_first(trail: Trail) -> None:
    _demo(events=2_000, until="2026-11-20")
    assert "2,000 events written" in _demo(events=2_000, until="2026-11-21")


def test_numbers_that_make_no_demonstration_are_one_sentence() -> None:
    with pytest.raises(CommandError, match="at least"):
        _demo(events=10)
    with pytest.raises(CommandError, match="Invalid isoformat"):
        _demo(until="soon")
