"""Two searches side by side: two times, two users, any two."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.journal import trail
from accounts.roles import may_search
from investigations import contrast, journal
from investigations.access import scope_of
from investigations.forms.compare import LEFT, RIGHT, Sides, read
from investigations.journal import Action
from investigations.services import searches
from investigations.views.search import OUTAGES, unanswered
from trail.errors import BadQuery, Incomplete
from trail.questions.compare import compare as ask
from trail.schema import IDENTIFIERS
from trail.search.comparing import COMPARED
from trail.search.spec import Search
from web.htmx import render_page

PARTIALS = {"compared": "compared"}


@require_safe
@requires(may_search)
def compare(request: HttpRequest) -> HttpResponse:
    sides = read(request.GET)
    context: dict[str, Any] = {"sides": _typed(request), "identifiers": sorted(IDENTIFIERS), "problem": sides.problem}
    status = 400 if sides.problem else 200
    try:
        context |= _found(request, sides)
    except BadQuery as error:
        context |= {"problem": error.message}
        status = 400
    except OUTAGES as error:
        context |= unanswered(error)
        status = 503
    return render_page(request, "investigations/compare.html", context, PARTIALS, status)


def _found(request: HttpRequest, sides: Sides) -> dict[str, Any]:
    if sides.left is None or sides.right is None:
        return {}
    user, now = person(request), datetime.now(UTC)
    try:
        found = ask(
            trail(), sides.left.resolved(now), sides.right.resolved(now), scope_of(user),
            opaque_id=searches.opaque_id(user, request.headers.get(searches.KEY_HEADER, "")),
        )  # fmt: skip
    except Incomplete as error:
        raise Incomplete(
            f"{error} Two sides are asked for every value of every field: compare shorter times."
        ) from error
    labels = {"left": _label(sides.left), "right": _label(sides.right)}
    journal.record(Action.COMPARE, by=user, labels=labels)
    alone = field if (field := request.GET.get("only", "")) in COMPARED else ""
    same = [one.name for one in found.fields if not one.pairs and not (one.rarer_left or one.rarer_right)]
    return {
        "columns": contrast.columns(found), "fields": contrast.fields(found, alone), "same": same, "alone": alone,
        "here": _without(request, "only"),
    }  # fmt: skip


def _label(search: Search) -> str:
    return urlencode(search.to_query(), True) or "everything"


def _without(request: HttpRequest, name: str) -> str:
    query = request.GET.copy()
    query.pop(name, None)
    return f"?{query.urlencode()}"


def _typed(request: HttpRequest) -> list[dict[str, Any]]:
    """What stands in the form of each side, and what goes along unseen."""
    shown = ("q", "from", "to", "link")
    return [
        {
            "prefix": prefix, "name": name, "typed": {key: request.GET.get(f"{prefix}{key}", "") for key in shown},
            "more": [
                (key, value) for key in request.GET if key.startswith(prefix) and key[2:] not in shown
                for value in request.GET.getlist(key)
            ],
        }
        for prefix, name in ((LEFT, "Left"), (RIGHT, "Right"))
    ]  # fmt: skip
