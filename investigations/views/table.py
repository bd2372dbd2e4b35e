"""The table of events beyond its first page: further rows, an event opened in its row, what is newer, how a person likes it."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import person, requires
from accounts.journal import quick_trail, trail
from accounts.models import User
from accounts.roles import may_investigate, may_search
from investigations import entities, journal, table
from investigations import opened as opening
from investigations.access import event_for, scope_of
from investigations.forms.search import Asked, read
from investigations.forms.table import TableForm
from investigations.journal import Action
from investigations.presentation import shown
from investigations.services import proofs, tables
from trail.errors import BadQuery, PointEnded
from trail.events import get
from trail.search import paging
from trail.search.spec import Search
from web.htmx import is_partial, render_page


@require_safe
@requires(may_search)
def rows(request: HttpRequest) -> HttpResponseBase:
    """The rows after those that are shown. By itself the address leads to the page that begins with them."""
    if not is_partial(request):
        return redirect(f"{reverse('search')}?{request.GET.urlencode()}")
    user = person(request)
    asked = read(request.GET).shown_with(tables.of(user).columns)
    context: dict[str, Any] = {"may_investigate": may_investigate(user)}
    status = 200
    try:
        context |= _further(request, asked, user)
    except PointEnded as ended:
        context |= {"ended": ended, "going_on": _without_point(request), "anew_url": _anew(asked)}
        status = 409
    except BadQuery as error:
        context |= {"problem": error, "anew_url": _anew(asked)}
        status = 400
    return render_page(request, "investigations/search/_rows.html", context, status=status)


def _further(request: HttpRequest, asked: Asked, user: User) -> dict[str, Any]:
    search = asked.search
    if search is None or asked.problem:
        raise asked.problem or BadQuery("This address is of no search.", 0)
    if asked.after is None or search.ingested_until is None:
        raise BadQuery("This address does not say which page it means; begin at the first.", 0)
    name = request.GET.get("point", "")
    point = tables.kept_point(name, user=user, search=search) if name else None
    found = paging.page(trail(), search.resolved(table.moment(search)), scope_of(user), after=asked.after, point=point)
    journal.record(Action.SEARCH, by=user, labels={"search": urlencode(search.to_query(), True)})
    if found.point:
        name = tables.keep_point(found.point, user=user, search=search, name=name)
    return {
        "blocks": table.blocks(found.hits, search, asked, found.marks),
        "span": len(search.columns) + 3,
        "going": None if found.is_last else table.going(found.hits, asked, search.ingested_until, name),
        "shown": asked.start + len(found.hits),
    }


def _without_point(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("point", None)
    return f"{request.path}?{query.urlencode()}"


def _anew(asked: Asked) -> str:
    return asked.url(table.unbound(asked.search)) if asked.search else reverse("search")


@require_safe
@requires(may_search)
def newer(request: HttpRequest) -> HttpResponse:
    """How many events have arrived since a search was shown. It repeats what is on record, and answers for nothing else."""
    user, search = person(request), read(request.GET).search
    if search is None or search.ingested_until is None or not table.was_made(search, user, request.GET.get("made", "")):
        return HttpResponseBadRequest("This search was not made here.", content_type="text/plain")
    since, now = search.ingested_until, datetime.now(UTC)
    count = paging.newer(quick_trail(), search, scope_of(user), since=since, now=now)
    return JsonResponse({"newer": count})


@require_safe
@requires(may_search)
def opened(request: HttpRequest, event_id: str) -> HttpResponse:
    """An event in its row; or as JSON, whole or one field, to copy."""
    user = person(request)
    hit = event_for(user, event_id)
    journal.record(Action.EVENT_VIEW, by=user, resource=("event", event_id))
    if request.GET.get("format") == "json":
        name = request.GET.get("field")
        return JsonResponse({"value": shown(get(hit.document, name))} if name else hit.document)
    asked = read(request.GET)
    search = asked.search or Search()
    context = {
        "hit": hit, "properties": opening.properties(hit.document, search, lambda one: f"{reverse('search')}{asked.url(one)}"),
        "sources": opening.sources(hit.document), "around": entities.around_event(hit),
    }  # fmt: skip
    return render_page(request, "investigations/_opened.html", context)


@require_safe
@requires(may_search)
def standing(request: HttpRequest, event_id: str) -> HttpResponse:
    """Whether the event is as it was sealed, judged now."""
    user = person(request)
    hit = event_for(user, event_id)
    journal.record(Action.EVENT_PROVE, by=user, resource=("event", event_id))
    context = {"hit": hit, "standing": proofs.of_event(hit)}
    return render_page(request, "investigations/_proved.html", context)


@require_POST
@requires(may_search)
def remember(request: HttpRequest) -> HttpResponseBase:
    """Remember how this person likes the table; a browser without a script goes back to the search."""
    user, form = person(request), TableForm(request.POST)
    if not form.is_valid():
        sentence = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return HttpResponseBadRequest(sentence, content_type="text/plain")
    if request.POST.get("forget"):
        tables.forget(user=user)
    elif changes := form.changes():
        tables.remember(user=user, changes=changes)
    if is_partial(request):
        return HttpResponse(status=204)
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """The search that the form carried along, with what was chosen."""
    asked = read(request.POST)
    if request.POST.get("forget"):
        return f"{reverse('search')}{asked.url(table.as_usual(asked.search))}" if asked.search else reverse("search")
    return f"{reverse('search')}{asked.url(asked.search)}" if asked.search else reverse("search")
