"""Ask what a row of the table asks, and put the asking on record before anything is answered."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import QueryDict
from django.utils.http import urlencode

from accounts.journal import Actor
from investigations import journal
from investigations.api.questions import Asking, doubted
from investigations.api.table import Route
from investigations.forms.search import refuse_secrets
from investigations.journal import Action
from trail.errors import BadQuery
from trail.indicators import Listed
from trail.search.spec import Scope

NOTHING = Listed(())


def answer(
    route: Route, *, by: Actor, scope: Scope, path: Mapping[str, str], query: QueryDict, listed: Listed = NOTHING
) -> Any:
    """The answer, with every doubt. `path` are the words in the address, `query` those behind it.

    Raises BadQuery, TooLarge, TrailUnavailable, WriteRefused.
    """
    if any("\0" in word for word in path.values()):
        raise BadQuery("An identifier holds no NUL character.", 0)
    refuse_secrets({name: [word] for name, word in path.items()})
    refuse_secrets(query)
    words = {name: str(query[name]) for one in route.parameters if (name := one.name) in query} | dict(path)
    found = route.ask(Asking(scope=scope, now=datetime.now(UTC), words=words, query=query, listed=listed))
    _record(route, by, words, query, listed)
    return doubted(found)


def _record(route: Route, by: Actor, words: dict[str, str], query: QueryDict, listed: Listed) -> None:
    if route.sends_list:
        labels = {"count": str(len(listed.indicators)), "sha256": listed.digest()}
        journal.record(Action.INDICATORS, by=by, resource=("indicators", labels["sha256"]), labels=labels)
    elif route.name == "search":
        journal.record(Action.SEARCH, by=by, labels={"search": urlencode(dict(query.lists()), doseq=True)})
    else:
        journal.record(Action.QUESTION, by=by, resource=("question", route.name), labels=words)
