"""Find a token that somebody was given: the browser reads it, and asks here for its names only."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import person, requires
from accounts.journal import trail
from accounts.roles import may_search
from investigations import journal
from investigations.access import scope_of
from investigations.entities import page_of
from investigations.journal import Action
from investigations.views.search import OUTAGES, unanswered
from trail.errors import BadQuery
from trail.questions.appearing import Appearance, Name, appearances
from web.htmx import render_page


@require_safe
@requires(may_search)
@cache_control(no_store=True)
def secret(request: HttpRequest) -> HttpResponse:
    return render_page(request, "investigations/secret.html", {})


@require_POST
@requires(may_search)
@cache_control(no_store=True)
def secret_known(request: HttpRequest) -> JsonResponse:
    """Which of these names the trail knows. The names are on record, as what is searched for always is."""
    user = person(request)
    try:
        names = [Name.parse(text) for text in request.POST.getlist("name")]
        found = appearances(trail(), names, scope_of(user))
        journal.record(
            Action.QUESTION, by=user, resource=("question", "names"), labels={"names": " ".join(map(str, names))}
        )
    except BadQuery as error:
        return JsonResponse({"problem": str(error)}, status=400)
    except OUTAGES as error:
        return JsonResponse({"problem": str(unanswered(error)["problem"])}, status=503)
    return JsonResponse({"known": [_shown(one) for one in found]})


def _shown(one: Appearance) -> dict[str, object]:
    dossier = page_of(one.name.kind, one.name.value) if one.name.kind != "removed" else None
    return {"name": str(one.name), "events": one.events, "first": one.first, "last": one.last, "url": dossier}
