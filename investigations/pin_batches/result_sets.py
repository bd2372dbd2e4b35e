"""Pins the results of a run as a whole: a statement of its search, how many events it found, and the digest of their ids."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Unpack

from accounts.models import User
from core.connection import trail
from core.errors import Refused
from investigations.coverage import add_doubts
from investigations.evidence.services import PinThoughts, PinWords, expect_words
from investigations.evidence.statements import (
    LEFT_OUT,
    build_scope_of,
    name_person,
    pin_statement,
    read_checkpoint,
)
from investigations.models import Case, Evidence, Run
from investigations.presentation.counts import count_events
from investigations.runs import services as runs
from trail.questions import result_set
from trail.questions.statements import count_search, expect_lasting
from trail.search.spec import Search

_NO_FIRST = "Which events are first seen may change with what arrives later, so these are no lasting result set."
_OTHERS = (
    "The people of this case find {0} of this search, and the run has {1}: run the search in this case, and pin that."
)


def pin_result_set(*, case: Case, run: Run, reason: str, by: User, **thoughts: Unpack[PinThoughts]) -> Evidence:
    """Ask how many the search finds now, and freeze in the case what the run has found as a whole.

    It is asked with what everybody in the case may find. Where events may be missing the statement says so.
    Raises Refused for a run that is not finished, or whose results are not those that the case finds; BadQuery for a search
    that finds other events later; TrailUnavailable; CaseClosed.
    """
    words = PinWords(reason, **thoughts)
    expect_words(case, words)
    if run.state != Run.State.FINISHED:
        raise Refused("Only a finished run has a result set: before that it is not whole.")
    search, scope = Search.from_json(run.search), build_scope_of(case)
    expect_lasting(search, scope, no_first=_NO_FIRST)
    counted = count_search(trail(), search, scope, within=scope, now=datetime.now(UTC))
    if counted.number != run.done:
        raise Refused(_OTHERS.format(count_events(counted.number), f"{run.done:,}"))
    try:
        statement = result_set.build_statement(
            replace(counted, coverage=add_doubts(counted.coverage)),
            (event_id for pairs in runs.read_chunks(run) for _, event_id in pairs),
            run=run.public_id,
            by=name_person(by),
            left_out=LEFT_OUT,
            checkpoint=read_checkpoint(),
        )
    except (runs.ResultsLost, result_set.Changed) as error:
        raise Refused("Some results of the run are not there any more; run the search again.") from error
    summary = f"{count_events(run.done)} as a result set"
    return pin_statement(case=case, statement=statement, search=search, words=words, summary=summary, by=by, run=run)
