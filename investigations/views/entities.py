"""The page of an identifier: a user, an address, a service, a client, an organisation, a resource, a trace."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.journal import trail
from accounts.roles import may_search
from investigations import charts, entities, journal, presentation
from investigations.access import event_for, scope_of
from investigations.forms.search import packed, read, refuse_secrets
from investigations.journal import Action
from investigations.services.coverage import with_doubts
from investigations.views.search import OUTAGES, faulty, unanswered
from trail.errors import BadQuery
from trail.questions import entity as questions
from trail.questions import user as users
from trail.questions.entity import KINDS, Dossier
from trail.questions.known import known
from trail.search.execute import Page
from trail.search.spec import Filter, Search
from web.htmx import is_partial, render_page

FAILURES = ("@timestamp", "event.action", "event.reason", "user.id", "service.name", "source.ip")


@dataclass(frozen=True, slots=True)
class Range:
    """What of the history is asked about, what counts as new, and which page of a list: as it stands in the address."""

    now: datetime
    start: str | None
    end: str | None
    new_since: str | None
    after: list[Any] | None


@require_safe
@requires(may_search)
def detail(request: HttpRequest, kind: str, value: str) -> HttpResponse:
    """Everything on record of it."""
    context = {
        "kind": KINDS[kind], "title": entities.TITLES[kind], "value": value, "typed": request.GET,
        "narrowed": bool(request.GET.get("from") or request.GET.get("to")),
    }  # fmt: skip
    found = _user if kind == "user" else _entity
    return _answered(request, "investigations/entities/entity.html", context, kind, value, found)


@require_safe
@requires(may_search)
def values(request: HttpRequest, kind: str, value: str, field: str) -> HttpResponse:
    """Every value of a field that it had to do with."""
    if not entities.is_listed(field):
        raise Http404("The values of this field cannot be listed.")
    context = {
        "kind": KINDS[kind],
        "title": entities.TITLES[kind],
        "value": value,
        "field": field,
        "typed": request.GET,
    }

    def listed(request: HttpRequest, kind: str, value: str, within: Range) -> dict[str, Any]:
        return _values(request, kind, value, within, field)

    return _answered(request, "investigations/entities/values.html", context, kind, value, listed)


@require_safe
@requires(may_search)
def event_known(request: HttpRequest, event_id: str) -> HttpResponse:
    """What is known of each identifier of an event: a part of its page, or a page by itself."""
    user = person(request)
    found = event_for(user, event_id)
    answer = known(trail(), found, scope_of(user), now=datetime.now(UTC))
    journal.record(Action.QUESTION, by=user, resource=("question", "known"), labels={"event": event_id})
    name = "_known" if is_partial(request) else "known"
    return render_page(request, f"investigations/entities/{name}.html", {
        "known": answer, "hit": found, "coverage": with_doubts(answer.coverage),
    })  # fmt: skip


def _answered(
    request: HttpRequest, template: str, context: dict[str, Any], kind: str, value: str, ask: Callable[..., dict[str, Any]]
) -> HttpResponse:  # fmt: skip
    """Ask, put the asking on record, show the answer or what is missing."""
    status = 200
    try:
        refuse_secrets({"value": [value]})
        found = ask(request, kind, value, _range(request))
        journal.record(Action.QUESTION, by=person(request), resource=("question", kind), labels={kind: value})
        context |= found
    except BadQuery as error:
        # A token itself is not shown again, not even to who pasted it.
        context |= faulty(error) | {"value": ""}
        status = 400
    except OUTAGES as error:
        context |= unanswered(error)
        status = 503
    return render_page(request, template, context, status=status)


def _range(request: HttpRequest) -> Range:
    now = datetime.now(UTC)
    asked = read(request.GET)
    if asked.search is None:
        raise asked.problem or BadQuery("This address is not understood.", 0)
    within = asked.search.resolved(now)
    new = Search(start=request.GET.get("new", "").strip() or None).resolved(now).start
    return Range(now, within.start, within.end, new, asked.after)


def _entity(request: HttpRequest, kind: str, value: str, within: Range) -> dict[str, Any]:
    search = questions.named(KINDS[kind], value, start=within.start, end=within.end)
    scope = scope_of(person(request))
    answer = questions.dossier(trail(), KINDS[kind], search, scope, now=within.now, new_since=within.new_since)
    return _shown(request, answer)


def _user(request: HttpRequest, kind: str, value: str, within: Range) -> dict[str, Any]:
    answer = users.user(
        trail(), value, scope_of(person(request)), now=within.now, after=within.after, start=within.start, end=within.end,
        new_since=within.new_since,
    )  # fmt: skip
    older = answer.issued.after
    return _shown(request, answer.dossier) | {
        "user_answer": answer,
        "issues_url": entities.search_url(answer.issued.search),
        "older_url": f"?{urlencode({**_kept(request), 'after': packed(older)})}#tokens" if older else None,
        "first_page": within.after is None,
    }


def _shown(request: HttpRequest, dossier: Dossier) -> dict[str, Any]:
    search = dossier.search
    news = [(name, found) for name in KINDS[dossier.kind].watched if (found := dossier.news(name))]
    first, last = (hit.timestamp if hit else None for hit in (dossier.first, dossier.last))
    page = Page(hits=[], total=dossier.total, bars=dossier.bars, facets={}, first=first, last=last)
    return {
        "dossier": dossier,
        "kept": urlencode(_kept(request)),
        "coverage": with_doubts(dossier.coverage),
        "related": [_related(dossier, name) for name in dossier.related if dossier.related[name].values.values],
        "news": news,
        "news_count": sum(len(found) for _, found in news),
        "page": page,
        "chart": charts.histogram(page, search, lambda narrower: entities.search_url(narrower) or ""),
        "failure_rows": presentation.rows(dossier.failures, FAILURES),
        "failure_columns": FAILURES,
        "search_url": entities.search_url(search),
        "failures_url": entities.search_url(search.with_filter(Filter("event.outcome", ("failure",)))),
    }


def _related(dossier: Dossier, name: str) -> dict[str, Any]:
    found = dossier.related[name]
    return {
        "field": name,
        "head": entities.HEADS.get(name, name),
        "found": found,
        "rows": [(value, dossier.is_new(value)) for value in found.values.values],
        "more": found.number - len(found.values.values),
    }


def _values(request: HttpRequest, kind: str, value: str, within: Range, field: str) -> dict[str, Any]:
    search = questions.named(KINDS[kind], value, start=within.start, end=within.end)
    scope = scope_of(person(request))
    kept = _kept(request)
    if request.GET.get("order") == "count":
        top = questions.top_values(trail(), search, field, scope)
        return {"top": top, "rows": [(one, False) for one in top.values.values], "kept": urlencode(kept)}
    after = None if within.after is None else str(within.after[0])
    answer = questions.every_value(trail(), search, field, scope, after=after)
    more = None if answer.after is None else f"?{urlencode({**kept, 'after': packed([answer.after])})}"
    rows = [(one, False) for one in answer.values]
    return {"answer": answer, "rows": rows, "kept": urlencode(kept), "next_url": more, "first_page": after is None}


def _kept(request: HttpRequest) -> dict[str, str]:
    """What of the address goes along from page to page."""
    return {name: given for name in ("from", "to", "new") if (given := request.GET.get(name))}
