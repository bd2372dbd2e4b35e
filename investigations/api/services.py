"""Answers what an address of the API asks, for programs, for people and for `manage.py ask`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import QueryDict
from django.utils.http import urlencode

from core.audit import Actor
from investigations import admission
from investigations.api.questions import ApiQuestion
from investigations.api.routes import Route
from investigations.audit import CaseAction
from investigations.questions import services as questions
from investigations.questions.services import AuditEntry
from investigations.search_url import read_search_request, refuse_secrets
from trail.errors import BadQuery
from trail.questions.indicator_list import IndicatorList
from trail.search.spec import Scope, Search

NO_LIST = IndicatorList(())


def answer_route(
    route: Route, *, by: Actor, scope: Scope, path: Mapping[str, str], query: QueryDict, listed: IndicatorList = NO_LIST
) -> Any:
    """The answer of a route, of the type that the route names. `path` are the words in the address, `query` those behind it.

    Raises BadQuery, TooLarge, TrailUnavailable, WriteRefused.
    """
    if any("\0" in word for word in path.values()):
        raise BadQuery("An identifier holds no NUL character.", 0)
    refuse_secrets({name: [word] for name, word in path.items()})
    refuse_secrets(query)
    words = {name: str(query[name]) for parameter in route.parameters if (name := parameter.name) in query}
    words |= dict(path)
    question = ApiQuestion(scope=scope, now=datetime.now(UTC), words=words, query=query, listed=listed)
    return questions.ask(lambda: route.ask(question), by=by, entry=_entry_of(route, words, query, listed))


def _entry_of(route: Route, words: Mapping[str, str], query: QueryDict, listed: IndicatorList) -> AuditEntry:
    if route.sends_list:
        return questions.indicators_entry(listed)
    if route.name == "search":
        cost = admission.estimate_search(read_search_request(query).search or Search())
        return AuditEntry(CaseAction.SEARCH, labels={"search": urlencode(dict(query.lists()), doseq=True)}, cost=cost)
    return questions.question_entry(route.name, **words)
