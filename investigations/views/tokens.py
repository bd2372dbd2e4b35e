"""A token's pages: what is known of it, its lineage, and what it did from its compromise to its revocation."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.journal import trail
from accounts.roles import may_investigate, may_search
from investigations import entities, journal, tokens
from investigations.access import scope_of
from investigations.forms.cases import PinForm
from investigations.forms.search import refuse_secrets
from investigations.journal import Action
from investigations.services.coverage import with_doubts
from investigations.views.search import OUTAGES, unanswered
from trail.errors import BadQuery
from trail.events import without_secrets
from trail.lineage import TokenRef, token_ref
from trail.questions.compromise import Compromise, affected, compromise
from trail.questions.lineage import lineage
from trail.questions.token import dossier
from trail.search.spec import Filter, Scope, Search
from web.htmx import render_page

Ask = Callable[[TokenRef, Scope], dict[str, Any]]


@require_safe
@requires(may_search)
def first_use(request: HttpRequest) -> HttpResponseBase:
    return _entry(request, "When was this token first used, and from where?", "token_detail", ())


@require_safe
@requires(may_search)
def before_revocation(request: HttpRequest) -> HttpResponseBase:
    question = "What did this token do before it was revoked?"
    return _entry(request, question, "token_compromise", ("at", "revocation"))


def _entry(request: HttpRequest, question: str, page: str, kept: tuple[str, ...]) -> HttpResponseBase:
    """Where a question is asked without a token at hand; its answer is a page of the token."""
    about, problem = request.GET.get("token", "").strip(), ""
    try:
        refuse_secrets(request.GET)
        _understood(about)
    except BadQuery as error:
        # A token itself is not shown again, not even to who pasted it.
        about, problem = without_secrets(about)[0], str(error)
    if not about or problem:
        context = {"question": question, "about": about, "problem": problem}
        return render_page(request, "investigations/tokens/ask.html", context, status=400 if problem else 200)
    more = {name: value for name in kept if (value := request.GET.get(name))}
    return redirect(reverse(page, args=[about]) + (f"?{urlencode(more)}" if more else ""))


@require_safe
@requires(may_search)
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    def ask(token: TokenRef, scope: Scope) -> dict[str, Any]:
        answer = dossier(trail(), token, scope)
        family = Search(filters=(Filter("token.lineage", (token.value,)),))
        return {"answer": answer, "uses_url": entities.search_url(answer.uses_search),
                "events_url": entities.search_url(answer.search), "lineage_url": entities.search_url(family)}  # fmt: skip

    return _answered(request, ref, "token", "detail", ask, {})


@require_safe
@requires(may_search)
def token_lineage(request: HttpRequest, ref: str) -> HttpResponse:
    under, start = request.GET.get("under", ""), request.GET.get("start", "")
    number = int(start) if start.isdecimal() and len(start) < 9 else 0

    def ask(token: TokenRef, scope: Scope) -> dict[str, Any]:
        answer = lineage(trail(), token, scope, under=under or None, start=number)
        return {"answer": answer, "tree": tokens.tree(answer), "ancestors": tokens.ancestors(answer),
                "search_url": entities.search_url(answer.search)}  # fmt: skip

    return _answered(request, ref, "lineage", "lineage", ask, {"under": under})


@require_safe
@requires(may_search)
def token_compromise(request: HttpRequest, ref: str) -> HttpResponse:
    at, revocation = request.GET.get("at", "").strip(), request.GET.get("revocation", "")

    def ask(token: TokenRef, scope: Scope) -> dict[str, Any]:
        answer = compromise(trail(), token, scope, at=at, revocation_id=revocation)
        return {"answer": answer, **_ways_on(request, answer)}

    return _answered(request, ref, "compromise", "compromise", ask, {"at": at, "revocation": revocation})


def _ways_on(request: HttpRequest, answer: Compromise) -> dict[str, Any]:
    """Where the answer's events lead: into the search, into a case, into the background."""
    back = entities.search_url(answer.search) or ""
    return {
        "search_url": back,
        "accepted_url": entities.search_url(answer.accepted.search) if answer.accepted else None,
        "refused_url": entities.search_url(answer.refused.search) if answer.refused else None,
        "radius_url": entities.search_url(answer.radius.search),
        "run_fields": tokens.run_fields(answer.search),
        "radius_fields": tokens.run_fields(answer.radius.search),
        "pin": PinForm(user=person(request), initial={"back": back}),
    }


@require_safe
@requires(may_search)
def token_radius(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The whole blast radius as a file, however long; read from the trail as it is sent."""
    at, revocation = request.GET.get("at", "").strip(), request.GET.get("revocation", "")

    def ask(token: TokenRef, scope: Scope) -> dict[str, Any]:
        return {"answer": compromise(trail(), token, scope, at=at, revocation_id=revocation)}

    context, status = _asked(request, ref, "blast_radius", ask, {"at": at, "revocation": revocation})
    if status != 200:
        return render_page(request, "investigations/tokens/compromise.html", context, status=status)
    found = affected(trail(), context["answer"].radius.search, scope_of(person(request)))
    response = StreamingHttpResponse(tokens.radius_lines(found), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="blast-radius.csv"'
    return response


def _understood(ref: str) -> TokenRef:
    """What an address calls a token. Raises BadQuery for what authenticates, which must stand on no record."""
    refuse_secrets({"token": [ref]})
    if "\0" in ref:
        raise BadQuery("A token's id holds no NUL character.", 0)
    return token_ref(ref)


def _answered(request: HttpRequest, ref: str, name: str, page: str, ask: Ask, labels: dict[str, str]) -> HttpResponse:
    context, status = _asked(request, ref, name, ask, labels)
    return render_page(request, f"investigations/tokens/{page}.html", context, status=status)


def _asked(request: HttpRequest, ref: str, name: str, ask: Ask, labels: dict[str, str]) -> tuple[dict[str, Any], int]:
    """Ask, put the asking on record, and say what a page shows: the answer, or what is missing for one."""
    user = person(request)
    # A token itself is not shown again, not even to who pasted it.
    typed = {label: without_secrets(text)[0] for label, text in labels.items()}
    context = {"ref": without_secrets(ref)[0], "asked": typed, "may_investigate": may_investigate(user)}
    try:
        refuse_secrets(request.GET)
        found = ask(_understood(ref), scope_of(user))
        journal.record(Action.QUESTION, by=user, resource=("question", name), labels={"token": ref, **labels})
    except BadQuery as error:
        return context | {"problem": str(error)}, 400
    except OUTAGES as error:
        return context | unanswered(error), 503
    return context | found | {"coverage": with_doubts(found["answer"].coverage)}, 200
