"""What a token did from its compromise to its revocation: the page of its exposure, and the blast radius as a file."""

import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from core.connection import trail
from core.htmx import render_page
from investigations.access import build_scope
from investigations.entities.lanes import mark_judged_lanes
from investigations.evidence.forms import PinForm
from investigations.presentation import tokens
from investigations.presentation.exposure import build_exposure_page
from investigations.presentation.lifeline.choice import LANES_OF, LifelineChoice, read_choice
from investigations.questions.views.token_question import answer_about_token
from investigations.search_url import fixed_words, form_fields, search_address
from investigations.working_case import read_chosen_case, read_working_case
from trail.connection import deadline
from trail.questions.compromise import Compromise, ask_compromise, list_affected
from trail.questions.exposure import Exposure, ask_exposure
from trail.search.execute import read_ends
from trail.search.lineage import TokenRef
from trail.search.spec import Scope

TEMPLATE = "investigations/questions/token/compromise.html"


@require_safe
@requires(may_search)
def token_compromise(request: HttpRequest, ref: str) -> HttpResponse:
    """What the token and its descendants did from its compromise to its revocation, of everyone or of whom is chosen."""
    now, words = datetime.now(UTC), _read_words(request)

    def question(token: TokenRef, scope: Scope) -> Exposure:
        choice, ends = _read_choice(request, now), read_ends(trail())
        return ask_exposure(
            trail(),
            token,
            scope,
            lambda search: choice.build_request(search, ends=ends),
            now=now,
            at=words["at"],
            revocation_id=words["revocation"],
            actor=words["actor"],
        )

    def build(exposure: Exposure) -> dict[str, Any]:
        page = build_exposure_page(exposure, _read_choice(request, now), request.GET.dict(), now)
        return page | _build_actions(request, exposure.compromise)

    context, status = answer_about_token(request, ref, "compromise", question, build, **words)
    context = mark_judged_lanes(context, read_working_case(request))
    return render_page(request, TEMPLATE, context, status=status)


def _read_words(request: HttpRequest) -> dict[str, str]:
    """What the address asks: the moment, the revocation, whose events."""
    return {name: request.GET.get(name, "").strip() for name in ("at", "revocation", "actor")}


def _read_choice(request: HttpRequest, now: datetime) -> LifelineChoice:
    return read_choice(request.GET.dict(), LANES_OF["exposure"], now, others=("at", "revocation", "actor"))


def _build_actions(request: HttpRequest, answer: Compromise) -> dict[str, Any]:
    """Where the answer's events lead: into the search, into a case, into the background."""
    address = search_address(answer.search)
    pinned_from = {
        "case": read_chosen_case(request),
        "back": address or "",
        "search": fixed_words(answer.search, datetime.now(UTC)),
    }
    return {
        "search_url": address or "",
        "accepted_url": search_address(answer.accepted.search) if answer.accepted else None,
        "refused_url": search_address(answer.refused.search) if answer.refused else None,
        "radius_url": search_address(answer.radius.search),
        "run_fields": form_fields(answer.search),
        "radius_fields": form_fields(answer.radius.search),
        "pin": PinForm(user=person(request), initial=pinned_from),
    }


@require_safe
@requires(may_search)
def token_radius(request: HttpRequest, ref: str) -> HttpResponseBase:
    """The whole blast radius as a file, however long; written before it is sent, so that no part of it looks whole."""
    words = _read_words(request)

    def question(token: TokenRef, scope: Scope) -> Compromise:
        return ask_compromise(
            trail(), token, scope, at=words["at"], revocation_id=words["revocation"], actor=words["actor"]
        )

    context, status = answer_about_token(request, ref, "blast_radius", question, lambda answer: {}, **words)
    if status != 200:
        return render_page(request, TEMPLATE, context, status=status)
    with ExitStack() as files:
        file = files.enter_context(tempfile.TemporaryFile())
        with deadline(settings.QUESTION_SECONDS):
            rows = list_affected(trail(), context["answer"].radius.search, build_scope(person(request)))
            file.writelines(tokens.blast_radius_csv(rows))
        file.seek(0)
        files.pop_all()  # the response closes it
    return FileResponse(file, as_attachment=True, filename="blast-radius.csv", content_type="text/csv; charset=utf-8")
