"""A token's pages: what is known of it, and its lineage."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_investigate, may_search
from core.connection import trail
from core.forms import read_number
from core.htmx import render_page
from investigations.entities.lanes import mark_judged_lanes
from investigations.evidence.forms import StoryPinForm
from investigations.presentation.lifeline.choice import LANES_OF, LifelineChoice, read_choice
from investigations.presentation.lineage_page import WORDS, build_lineage_page
from investigations.presentation.lineage_table import write_lineage_csv
from investigations.questions.token_page import build_token_page, write_figures_csv
from investigations.questions.views.token_question import answer_about_token
from investigations.search_url import fixed_words
from investigations.working_case import read_chosen_case, read_working_case
from trail.questions.drawn_lineage import DrawnLineage, ask_drawn_lineage
from trail.questions.token import DrawnToken, TokenDossier, ask_drawn_token
from trail.search.execute import read_ends
from trail.search.lineage import TokenRef
from trail.search.spec import Scope


@require_safe
@requires(may_search)
def token_detail(request: HttpRequest, ref: str) -> HttpResponseBase:
    """When the token was issued and to whom, when it was first used and from where, and what became of it."""
    now = datetime.now(UTC)

    def question(token: TokenRef, scope: Scope) -> DrawnToken:
        choice = read_choice(request.GET, LANES_OF["token"], now)
        ends = read_ends(trail())
        return ask_drawn_token(
            trail(), token, scope, lambda uses, life: choice.build_request(uses, lifecycle=life, ends=ends), now=now
        )

    def build(drawn: DrawnToken) -> dict[str, Any]:
        choice = read_choice(request.GET, LANES_OF["token"], now)
        return {
            "lifeline": drawn.lifeline,
            **build_token_page(drawn, choice, now),
            **_build_pin(request, drawn.dossier),
        }

    context, status = answer_about_token(request, ref, "token", question, build)
    if status == 200 and request.GET.get("format") == "csv":
        return _send_csv(write_figures_csv(context["lifeline"]), "lifeline.csv")
    context = mark_judged_lanes(context, read_working_case(request))
    return render_page(request, "investigations/questions/token/detail.html", context, status=status)


def _build_pin(request: HttpRequest, dossier: TokenDossier) -> dict[str, Any]:
    """The form that adds the token's story to a case."""
    if not may_investigate(person(request)):
        return {}
    words = fixed_words(dossier.search, datetime.now(UTC))
    pinned_from = {"case": read_chosen_case(request), "back": request.path, "search": words}
    return {"pin": StoryPinForm(user=person(request), initial=pinned_from)}


@require_safe
@requires(may_search)
def token_lineage(request: HttpRequest, ref: str) -> HttpResponse:
    """What the token comes from, and what was derived from it, as a page or its figures as a file."""
    now, words = datetime.now(UTC), {name: request.GET.get(name, "").strip() for name in ("under", "actor")}
    start = read_number(request.GET.get("start", "")) or 0

    def question(token: TokenRef, scope: Scope) -> DrawnLineage:
        choice, ends = _read_drawing(request, now), read_ends(trail())
        return ask_drawn_lineage(
            trail(), token, scope, lambda search: choice.build_request(search, ends=ends), now=now, start=start, **words
        )

    def build(drawn: DrawnLineage) -> dict[str, Any]:
        return build_lineage_page(drawn, _read_drawing(request, now), now)

    context, status = answer_about_token(request, ref, "lineage", question, build, **words)
    if status == 200 and request.GET.get("format") == "csv":
        return _send_csv(write_lineage_csv(context["drawn"]), "lineage.csv")
    return render_page(request, "investigations/questions/token/lineage.html", context, status=status)


def _read_drawing(request: HttpRequest, now: datetime) -> LifelineChoice:
    return read_choice(request.GET.dict(), LANES_OF["lineage"], now, others=WORDS)


def _send_csv(lines: Iterable[bytes], name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(b"".join(lines), content_type="text/csv; charset=utf-8", headers=headers)
