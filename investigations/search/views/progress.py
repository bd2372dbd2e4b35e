"""A search that is under way: how far it is, and ending it. The page names it by a key that is no part of its address."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from core.access import not_recorded
from investigations.questions import progress
from trail.errors import TrailUnavailable


@require_safe
@requires(may_search)
@never_cache
@not_recorded(because="it says how far a search is, and the search is on record")
def search_progress(request: HttpRequest) -> HttpResponse:
    """What the engine does for the search, as JSON."""
    try:
        state = progress.find_progress(by=person(request), key=request.GET.get("key", ""))
    except TrailUnavailable as error:
        return JsonResponse({"problem": str(error)}, status=503)
    return JsonResponse({"months": state.months, "parts": state.parts, "of": state.of, "running": state.running})


@require_POST
@requires(may_search)
def search_cancel(request: HttpRequest) -> HttpResponse:
    """Ends the search and says how many tasks of the engine that were, as JSON."""
    try:
        count = progress.cancel_task(by=person(request), key=request.POST.get("key", ""))
    except TrailUnavailable as error:
        return JsonResponse({"problem": str(error)}, status=503)
    return JsonResponse({"ended": count})
