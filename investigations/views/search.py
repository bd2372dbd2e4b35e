"""Search the trail, look at one event, ask one of the three questions."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.journal import trail
from accounts.roles import may_curate, may_investigate, may_search
from investigations import charts, entities, journal, marks, pins, presentation, refining, table, using
from investigations.access import event_for
from investigations.forms import compare
from investigations.forms.cases import PinForm
from investigations.forms.search import Asked, read
from investigations.journal import Action
from investigations.models import Case, TablePreference
from investigations.services import history, proofs, searches, tables
from operations.services import incidents
from trail import novelty
from trail.errors import BadQuery, TrailUnavailable, WriteRefused
from trail.events import canonical, digest, without_secrets
from trail.moments import text_of
from trail.search import completion
from trail.search.execute import Page
from trail.search.spec import STACKS, Search
from trail.search.statistics import LISTABLE
from web.htmx import render_page

PARTIALS = {"explore": "explore"}
OUTAGES = (TrailUnavailable, WriteRefused)


@require_safe
@requires(may_search)
def search(request: HttpRequest) -> HttpResponseBase:
    mine = tables.of(person(request))
    asked = read(request.GET).shown_with(mine.columns)
    if asked.search and pins.begins(request.GET) and pins.held(request.session):
        return redirect(reverse("search") + asked.url(pins.added(asked.search, request.session)))
    context = beside(request, asked)
    status = 200
    if asked.search is not None:
        try:
            context |= _found(request, asked, asked.search, context["case"], mine)
        except BadQuery as error:
            context |= faulty(error, asked.typed["q"])
            status = 400
        except OUTAGES as error:
            # Never the results of another search below this one's words.
            context |= unanswered(error)
            status = 503
    else:
        context |= faulty(asked.problem, asked.typed["q"])
        status = 400
    return render_page(request, "investigations/search.html", context, PARTIALS, status)


def beside(request: HttpRequest, asked: Asked) -> dict[str, Any]:
    """What stands beside the answer whether the search is understood or not: fields, filters, what is pinned elsewhere."""
    user = person(request)
    shown: dict[str, Any] = {
        "asked": asked, "case": _case(request, asked), "field_names": list(completion.names()),
        "may_investigate": may_investigate(user), "may_curate": may_curate(user),
    }  # fmt: skip
    if asked.search is not None:
        shown["chips"] = refining.chips(asked.search, asked.url, pins.held(request.session))
        shown["away"] = refining.away(pins.elsewhere(asked.search, request.session))
    return shown


def faulty(error: BadQuery | None, text: str = "") -> dict[str, Any]:
    """What a page shows of a query that cannot be understood: the sentence, and where in the text it is."""
    if error is None or error.position is None or not text:
        return {"problem": error}
    start, end = completion.faulty(text, min(error.position, len(text)))
    return {
        "problem": error,
        "fault": {"before": text[:start], "at": text[start:end], "after": text[end:], "start": start, "end": end},
    }


def unanswered(error: Exception) -> dict[str, Any]:
    """What a page shows in the place of an answer that an outage kept back; the outage is on record."""
    incidents.trail_failed(error, writer="auditconsole", events=0)
    return {"problem": f"{error} Try again, or see the status page."}


def _case(request: HttpRequest, asked: Asked) -> Case | None:
    """The case that is being worked in, if this person may see it."""
    return Case.objects.visible_to(person(request)).filter(public_id=asked.context.get("case", "")).first()


def _is_first_sight(request: HttpRequest) -> bool:
    """Whether nobody could yet see that a search is under way, nor end it: a browser shows nothing before the answer."""
    return not request.htmx and "wait" not in request.GET  # type: ignore[attr-defined]


def _found(
    request: HttpRequest, asked: Asked, search: Search, case: Case | None, mine: TablePreference
) -> dict[str, Any]:
    user = person(request)
    now = table.moment(search)
    until = search.ingested_until or text_of(now)
    absolute = search.resolved(now)
    answer = searches.answer(
        search=absolute, by=user, after=asked.after, at_once=_is_first_sight(request),
        key=request.headers.get(searches.KEY_HEADER, ""),
    )  # fmt: skip
    if (page := answer.page) is None:
        return {"going_on": f"?{request.GET.urlencode()}"}
    journal.record(Action.SEARCH, by=user, labels={"search": urlencode(search.to_query(), True)})
    if asked.after is None:
        history.keep(search=search, page=page, took=answer.took, by=user, case=case)
    return _refined(asked, search, page, now) | _listed(request, asked, search, page, until, mine)


def _refined(asked: Asked, search: Search, page: Page, now: datetime) -> dict[str, Any]:
    """What stands about the events: how they lie in time, by what they can be narrowed, what the search can become."""
    return {
        "search": search,
        "page": page,
        "uses": using.uses(search),
        "compare_before": compare.with_the_time_before(search, now),
        "compare_values": compare.of_two_values(search),
        "firsts": marks.offers(page.firsts, search, asked.url),
        "firsts_note": marks.note(page.firsts.covered, datetime.now(UTC)),
        "times": refining.times(search, search.resolved(now), page, asked.url),
        "stacks": dict.fromkeys((search.stack, *STACKS)),
        "chart": charts.histogram(page, search, asked.url),
        "facets": refining.facets(page, search, asked.url),
        "query": asked.url(search),
        "pairs": [(name, value) for name, values in search.to_query().items() for value in values],
        "listable": LISTABLE,
    }


def _listed(
    request: HttpRequest, asked: Asked, search: Search, page: Page, until: str, mine: TablePreference
) -> dict[str, Any]:
    """The events of this page, how to go on, and where they can be pinned."""
    user, last = person(request), asked.start + len(page.hits)
    return {
        "blocks": table.blocks(page.hits, search, asked, page.firsts.marks),
        "first_number": asked.start + 1,
        "last_number": last,
        "first_url": asked.url(search) if asked.start else None,
        "going": table.going(page.hits, asked, until) if page.hits and last < page.total else None,
        "pin": PinForm(user=user, initial={"case": asked.context.get("case"), "back": request.get_full_path()}),
    } | table.shown(search, asked, mine, user, until)


@require_safe
@requires(may_search)
def event(request: HttpRequest, event_id: str) -> HttpResponse:
    user = person(request)
    found = event_for(user, event_id)
    journal.record(Action.EVENT_VIEW, by=user, resource=("event", event_id))
    context = {
        "hit": found,
        "fields": presentation.fields(found.document),
        "original": found.document.get("event", {}).get("original"),
        "digest": digest(found.document),
        "canonical": canonical(found.document).decode(),
        "pinned": Case.objects.visible_to(user)
        .filter(evidence__event_id=event_id, evidence__withdrawn_at=None)
        .distinct(),
        "pin": PinForm(user=user, initial={"back": request.get_full_path()}),
        "may_investigate": may_investigate(user),
        "standing": proofs.of_event(found),
        "marks": marks.marks(novelty.marks(trail(), [event_id]).get(event_id, ())),
        "around": entities.around_event(found),
    }
    return render_page(request, "investigations/event.html", context)


@require_safe
@requires(may_search)
def tokens_issued(request: HttpRequest) -> HttpResponseBase:
    """Which user? Their page answers it."""
    user = request.GET.get("user", "").strip()
    context: dict[str, Any] = {"about": user, "parameter": "user"}
    if problem := read(request.GET).problem:
        context |= {"problem": str(problem), "about": without_secrets(user)[0]}
    elif user and (page := entities.page_of("user.id", user)):
        return redirect(f"{page}#tokens")
    return render_page(request, "investigations/question_tokens_issued.html", context, status=400 if problem else 200)
