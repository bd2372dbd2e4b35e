"""Builds what a page shows in place of an answer: what is wrong with the question, or which part is down."""

from collections.abc import Callable
from typing import Any

from core import outages
from core.errors import Busy
from trail.errors import BadQuery
from trail.search.language import caret
from trail.search.language.repair import find_repair


def describe_fault(error: BadQuery, text: str = "") -> dict[str, Any]:
    """What a page shows of a query that is not understood: the sentence, the part of `text` it speaks of, and what mends it."""
    if error.position is None or not text:
        return {"problem": error}
    start, end = caret.find_fault(text, min(error.position, len(text)))
    return {
        "problem": error,
        "repair": find_repair(text, error.position),
        "fault": {"before": text[:start], "at": text[start:end], "after": text[end:], "start": start, "end": end},
    }


def answer_or_problem(build: Callable[[], dict[str, Any]], *, text: str = "") -> tuple[dict[str, Any], int]:
    """The context of an answer with its status: 200, or in place of the answer a problem with 400, 429 or 503.

    `text` is the query in which a fault is pointed out.
    """
    try:
        return build(), 200
    except BadQuery as error:
        return describe_fault(error, text), 400
    except Busy as busy:
        return {"problem": busy.sentence}, 429
    except outages.OUTAGES as error:
        return {"problem": outages.report(error), "is_outage": True}, 503
