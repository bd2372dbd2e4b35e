"""The page of an identifier: a user, an address, a service, a client, an organisation, a resource, a trace."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from core.connection import trail
from core.htmx import render_page
from investigations.access import build_scope
from investigations.entities.lanes import mark_judged_lanes
from investigations.presentation import identifier_page, identifiers, user_page
from investigations.presentation.cells import make_visible
from investigations.presentation.identifier_page import link_event
from investigations.presentation.lifeline.build import Subject as LifelineSubject
from investigations.presentation.lifeline.choice import LANES_OF, LifelineChoice, read_choice
from investigations.presentation.lifeline.rows import draw_lifeline
from investigations.presentation.problems import answer_or_problem
from investigations.questions import services as questions
from investigations.search_url import encode_place, read_search_request, refuse_secrets, search_address
from investigations.working_case import read_working_case
from trail.questions import entity as entities
from trail.questions import user as users
from trail.questions.entity import KINDS, EntityDossier
from trail.questions.lifeline import Lifeline
from trail.search.bodies.lifeline import LifelineRequest
from trail.search.execute import read_ends
from trail.search.spec import Filter, Scope, Search


@dataclass(frozen=True, slots=True)
class IdentifierRequest:
    """Which identifier is asked about, by whom, within which range, what counts as new, and after which place a list goes on.

    `carried` are the parameters of the address that go along from page to page.
    """

    kind: str
    value: str
    scope: Scope
    now: datetime
    start: str | None
    end: str | None
    new_since: str | None
    after: list[Any] | None
    carried: dict[str, str]
    choice: LifelineChoice

    @property
    def search(self) -> Search:
        """The identifier's events within the range."""
        return entities.search_by(KINDS[self.kind], self.value, start=self.start, end=self.end)

    def build_drawing(self) -> LifelineRequest:
        """What its lifeline is drawn of: all of its events, so that the whole of its time stands below what is drawn."""
        whole = entities.search_by(KINDS[self.kind], self.value)
        return self.choice.build_request(whole, ends=read_ends(trail()))


def _read_request(kind: str, value: str, query: QueryDict, scope: Scope) -> IdentifierRequest:
    """Reads the address. Raises BadQuery."""
    refuse_secrets({"value": [value]})
    now, search_request = datetime.now(UTC), read_search_request(query)
    absolute = search_request.expect_search().resolved(now)
    return IdentifierRequest(
        kind=kind,
        value=value,
        scope=scope,
        now=now,
        start=absolute.start,
        end=absolute.end,
        new_since=Search(start=query.get("new", "").strip() or None).resolved(now).start,
        after=search_request.after,
        carried={name: text for name in ("from", "to", "new", "lanes", "scale", "tz") if (text := query.get(name))},
        choice=read_choice(query, LANES_OF[kind], now, others=("new",)),
    )


@require_safe
@requires(may_search)
def entity_detail(request: HttpRequest, kind: str, value: str) -> HttpResponse:
    """Everything on record of it."""
    build = _build_user if kind == "user" else _build_entity
    narrowed = bool(request.GET.get("from") or request.GET.get("to"))
    template = "investigations/questions/identifier/detail.html"
    return _answer(request, template, {"narrowed": narrowed}, kind, value, build)


@require_safe
@requires(may_search)
def entity_values(request: HttpRequest, kind: str, value: str, field: str) -> HttpResponse:
    """Every value of a field that it had to do with, by value or by how often."""
    if not identifiers.may_list_values(field):
        raise Http404("The values of this field cannot be listed.")
    build_rows = _build_top_values if request.GET.get("order") == "count" else _build_every_value

    def build(identifier_request: IdentifierRequest, ask: Ask) -> dict[str, Any]:
        return build_rows(identifier_request, ask, field)

    template = "investigations/questions/identifier/values.html"
    return _answer(request, template, {"field": field}, kind, value, build)


# Asks a question in the name of the person, and records it.
Ask = Callable[[Callable[[], Any]], Any]
Build = Callable[[IdentifierRequest, Ask], dict[str, Any]]


def _answer(
    request: HttpRequest, template: str, context: dict[str, Any], kind: str, value: str, build: Build
) -> HttpResponse:
    """The page with its answer, or with what is missing for one."""
    user = person(request)

    def ask(question: Callable[[], Any]) -> Any:
        return questions.ask(question, by=user, entry=questions.question_entry(kind, **{kind: value}))

    answer, status = answer_or_problem(lambda: build(_read_request(kind, value, request.GET, build_scope(user)), ask))
    context = {
        "kind": KINDS[kind],
        "title": identifiers.TITLES[kind],
        # A token itself is not shown again, not even to who pasted it.
        "value": "" if status == 400 else value,
        "typed": request.GET,
        **context,
        **answer,
    }
    return render_page(request, template, mark_judged_lanes(context, read_working_case(request)), status=status)


def _build_entity(request: IdentifierRequest, ask: Ask) -> dict[str, Any]:
    def question() -> tuple[EntityDossier, Lifeline]:
        return entities.ask_drawn_entity(
            trail(),
            request.build_drawing(),
            request.search,
            request.scope,
            now=request.now,
            new_since=request.new_since,
        )

    dossier, lifeline = ask(question)
    return _build_dossier(dossier, request) | _build_lifeline(lifeline, dossier, request)


def _build_user(request: IdentifierRequest, ask: Ask) -> dict[str, Any]:
    def question() -> tuple[users.UserDossier, Lifeline]:
        return users.ask_drawn_user(
            trail(),
            request.build_drawing(),
            request.search,
            request.scope,
            now=request.now,
            after=request.after,
            new_since=request.new_since,
        )

    answer, lifeline = ask(question)
    dossier = answer.dossier
    context = _build_dossier(dossier, request) | _build_tokens(answer, request)
    return context | _build_lifeline(lifeline, dossier, request)


def _build_lifeline(lifeline: Lifeline, dossier: EntityDossier, request: IdentifierRequest) -> dict[str, Any]:
    """The picture, and the figures of its lanes."""
    choice = request.choice.fit(lifeline.total)
    subject = LifelineSubject(make_visible(dossier.value)[:60])
    return draw_lifeline(lifeline, choice, subject, request.now)


def _build_tokens(answer: users.UserDossier, request: IdentifierRequest) -> dict[str, Any]:
    """What a user's page has beside what every identifier's has."""
    older, leaps = answer.issued.after, answer.travel.leaps
    tokens = user_page.build_tokens(answer.issued.tokens, request.now)
    return {
        "user_answer": answer,
        "tokens": tokens,
        "last_issue": link_event(answer.issued.tokens[0].issued, "sentence") if answer.issued.tokens else "",
        "foreign": user_page.build_foreign(answer.used.tokens),
        "leaps": user_page.build_leaps(leaps[: user_page.LEAPS_SHOWN]),
        "earlier_leaps": user_page.build_leaps(leaps[user_page.LEAPS_SHOWN :]),
        "figures": list(user_page.build_user_figures(answer)),
        "issues_url": search_address(answer.issued.search),
        "older_url": f"?{urlencode({**request.carried, 'after': encode_place(older)})}#tokens" if older else None,
        "first_page": request.after is None,
        "whose": "Their",
    }


def _build_dossier(dossier: EntityDossier, request: IdentifierRequest) -> dict[str, Any]:
    search = dossier.search
    tables, news = identifier_page.build_value_tables(dossier), identifier_page.build_news(dossier)
    subject = identifier_page.build_subject(dossier)
    return {
        "dossier": dossier,
        "subject": subject,
        "called": subject.name or make_visible(dossier.value)[:120],
        "first_seen": identifier_page.build_sighting(dossier, dossier.first),
        "last_seen": identifier_page.build_sighting(dossier, dossier.last),
        "whose": "Its",
        "kept": urlencode(request.carried),
        "coverage": dossier.coverage,
        "tables": tables,
        "actions": identifier_page.build_value_rows("event.action", dossier.actions.values),
        "news": news,
        "parts": identifier_page.build_parts(dossier, news, tables),
        "figures": identifier_page.build_entity_figures(dossier, news, tables),
        "failures": identifier_page.build_failures(dossier.failures, dossier.field),
        "failure_heads": identifier_page.name_failure_columns(dossier.field),
        "search_url": search_address(search),
        "failures_url": search_address(search.with_filter(Filter("event.outcome", ("failure",)))),
    }


def _build_top_values(request: IdentifierRequest, ask: Ask, field: str) -> dict[str, Any]:
    top = ask(lambda: entities.ask_top_values(trail(), request.search, field, request.scope))
    rows = identifier_page.build_value_rows(field, top.values.values)
    return {"top": top, "rows": rows, "kept": urlencode(request.carried)}


def _build_every_value(request: IdentifierRequest, ask: Ask, field: str) -> dict[str, Any]:
    after = None if request.after is None else str(request.after[0])
    answer = ask(lambda: entities.ask_every_value(trail(), request.search, field, request.scope, after=after))
    next_url = None
    if answer.after is not None:
        next_url = f"?{urlencode({**request.carried, 'after': encode_place([answer.after])})}"
    return {
        "answer": answer,
        "rows": identifier_page.build_value_rows(field, answer.values),
        "kept": urlencode(request.carried),
        "next_url": next_url,
        "first_page": after is None,
    }
