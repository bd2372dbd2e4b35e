"""Pins that there is no such event: asks anew, and freezes what was asked as a statement."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Unpack

from accounts.models import User
from core.connection import trail
from core.errors import Refused
from investigations.access import build_scope
from investigations.coverage import add_doubts
from investigations.evidence.services import PinThoughts, PinWords, expect_words
from investigations.evidence.statements import (
    LEFT_OUT,
    build_scope_of,
    name_person,
    pin_statement,
    read_checkpoint,
)
from investigations.models import Case, Evidence
from trail.questions import absence
from trail.questions.coverage import Doubt
from trail.search.spec import Search


class Doubtful(Refused):
    """It would be provisional, for these reasons, and nobody has accepted that."""

    def __init__(self, doubts: tuple[Doubt, ...]) -> None:
        super().__init__("Events may be missing: accept that it is pinned as provisional.", "provisional")
        self.doubts = doubts


def pin(
    *,
    case: Case,
    search: Search,
    reason: str,
    by: User,
    provisional: bool = False,
    **thoughts: Unpack[PinThoughts],
) -> Evidence:
    """Ask anew, and freeze in the case that nothing was found.

    Raises Refused when there is something now; Doubtful when events may be missing and that is not accepted
    (`provisional`); BadQuery, TrailUnavailable.
    """
    words = PinWords(reason, **thoughts)
    expect_words(case, words)
    looked = absence.count_events(trail(), search, build_scope(by), within=build_scope_of(case), now=datetime.now(UTC))
    if looked.number:
        raise Refused(f"There {_are(looked.number)} now, so there is no absence to pin; search again to see them.")
    looked = replace(looked, coverage=add_doubts(looked.coverage))
    if not looked.coverage.whole and not provisional:
        raise Doubtful(looked.coverage.doubts)
    statement = absence.build_statement(looked, by=name_person(by), left_out=LEFT_OUT, checkpoint=read_checkpoint())
    summary = "nothing was found"
    return pin_statement(case=case, statement=statement, search=looked.search, words=words, summary=summary, by=by)


def _are(number: int) -> str:
    return "is one such event" if number == 1 else f"are {number:,} such events"
