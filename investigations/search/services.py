"""Answers a search while a person waits: asks within the time a page has, records it, and keeps it in the person's history."""

import time
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings

from accounts.models import User
from core.connection import trail
from investigations import admission, audit
from investigations.access import build_scope, get_events
from investigations.audit import CaseAction
from investigations.models import Case
from investigations.presentation.event_rows import RowContext
from investigations.presentation.lifeline.words import name_zone
from investigations.questions import progress
from investigations.questions import services as questions
from investigations.search import history
from investigations.search.row_context import read_row_context
from investigations.search_url import SearchRequest
from trail.errors import Incomplete
from trail.search import execute
from trail.search.execute import Hit, Page
from trail.search.spec import Search

_TOO_LONG = "The search took longer than {:.0f} seconds and was ended, in the engine too; narrow it, or run it in the background."


class NotAtOnce(Exception):
    """The page could not be had in the time that a person waits without a sign of life."""


@dataclass(frozen=True, slots=True)
class PageAnswer:
    """A page of a search, what is known of its events beside what they hold, and the milliseconds it took."""

    page: Page
    rows: RowContext
    took: int


def answer_page(
    request: SearchRequest, *, now: datetime, by: User, case: Case | None = None, key: str = "", at_once: bool = False
) -> PageAnswer:
    """Asks for the page of a search request, records it, and puts a first page into the person's history.

    `key` names the search while it is under way. `at_once` gives it PAGE_SECONDS; the engine ends it then.
    Raises NotAtOnce, Busy, BadQuery, TrailUnavailable, WriteRefused.
    """
    search = request.expect_search()

    def find() -> PageAnswer:
        return _find_page(search.resolved(now), request.after, by=by, case=case, key=key, at_once=at_once)

    try:
        wait = admission.SHORT_WAIT if at_once else admission.LONG_WAIT
        answer = questions.ask(find, by=by, entry=questions.search_entry(search), wait=wait)
    except admission.TurnNotCome as busy:
        if at_once:
            raise NotAtOnce from busy
        raise
    if request.after is None:
        history.keep(search=search, page=answer.page, took=answer.took, by=by, case=case)
    return answer


def _find_page(
    search: Search, after: list[object] | None, *, by: User, case: Case | None, key: str, at_once: bool
) -> PageAnswer:
    began = time.monotonic()
    patient = replace(trail(), patience=settings.PAGE_SECONDS) if at_once else trail()
    # The engine stops at four fifths of the patience, and says so.
    late = patient.patience * 0.75
    scope = build_scope(by)
    try:
        name = progress.name_task(by, key)
        page = execute.read_page(patient, search, scope, after=after, opaque_id=name, zone=name_zone())
    except Incomplete as error:
        if at_once and time.monotonic() - began >= late:
            raise NotAtOnce from error
        if time.monotonic() - began >= patient.patience:
            raise Incomplete(_TOO_LONG.format(patient.patience)) from error
        raise
    if at_once and page.missing and time.monotonic() - began >= late:
        raise NotAtOnce
    took = round((time.monotonic() - began) * 1000)
    rows = read_row_context(page.hits, page.first_seen.kinds_by_event, by=by, scope=scope, case=case)
    return PageAnswer(page=page, rows=rows, took=took)


def open_event(event_id: str, *, by: User, index: str = "") -> list[Hit]:
    """The event as the trail holds it, and after it others of its id (investigations.access.get_events).

    That it was looked at is recorded. Raises Http404, TrailUnavailable, WriteRefused.
    """
    events = get_events(by, event_id, index)
    audit.record_access(CaseAction.EVENT_VIEW, by=by, resource=("event", event_id))
    return events
