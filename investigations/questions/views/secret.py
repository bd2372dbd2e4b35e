"""Find a token that somebody was given: the browser reads it, and asks here for its names only."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from core import outages
from core.connection import trail
from core.htmx import render_page
from investigations.access import build_scope
from investigations.presentation.identifiers import page_address
from investigations.questions import services as questions
from trail.errors import BadQuery
from trail.questions.name_lookup import NameAppearance, TokenName, look_up_names


@require_safe
@requires(may_search)
@cache_control(no_store=True)
def secret(request: HttpRequest) -> HttpResponse:
    """The page on which the browser reads a token."""
    return render_page(request, "investigations/questions/secret.html", {})


@require_POST
@requires(may_search)
@cache_control(no_store=True)
def secret_names(request: HttpRequest) -> JsonResponse:
    """Which of these names the trail knows. The names are recorded, as what is searched for always is."""
    user = person(request)
    try:
        names = [TokenName.parse(text) for text in request.POST.getlist("name")]
        known_names = questions.ask(
            lambda: look_up_names(trail(), names, build_scope(user)),
            by=user,
            entry=questions.question_entry("names", names=" ".join(map(str, names))),
        )
    except BadQuery as error:
        return JsonResponse({"problem": str(error)}, status=400)
    except outages.OUTAGES as error:
        return JsonResponse({"problem": outages.report(error)}, status=503)
    return JsonResponse({"known": [_describe(appearance) for appearance in known_names]})


def _describe(appearance: NameAppearance) -> dict[str, object]:
    name = appearance.name
    return {
        "name": str(name),
        "events": appearance.events,
        "first": appearance.first,
        "last": appearance.last,
        "url": page_address(name.kind, name.value) if name.kind != "removed" else None,
    }
