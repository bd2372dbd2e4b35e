"""A search that is under way: how far it is, and ending it. The page names it by a key that is no part of its address."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from investigations.services import searches
from trail.errors import TrailUnavailable


@require_safe
@requires(may_search)
@never_cache
def search_progress(request: HttpRequest) -> HttpResponse:
    try:
        found = searches.progress(by=person(request), key=request.GET.get("key", ""))
    except TrailUnavailable as error:
        return JsonResponse({"problem": str(error)}, status=503)
    return JsonResponse({"months": found.months, "parts": found.parts, "of": found.of, "running": found.running})


@require_POST
@requires(may_search)
def search_cancel(request: HttpRequest) -> HttpResponse:
    try:
        ended = searches.cancel(by=person(request), key=request.POST.get("key", ""))
    except TrailUnavailable as error:
        return JsonResponse({"problem": str(error)}, status=503)
    return JsonResponse({"ended": ended})
