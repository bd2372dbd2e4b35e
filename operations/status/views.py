"""Shows the status page, and serves the metrics and what probes ask."""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from accounts.decorators import signed_in
from accounts.models import User
from accounts.roles import may_resolve
from core.access import not_recorded
from core.htmx import render_page
from operations.models import KeyScope
from operations.status import bundled, health
from operations.status import metrics as measured
from operations.status.readiness import readiness
from operations.writers.authentication import AccessRefused, authenticate_request, respond_refused


@require_safe
@signed_in
def status(request: HttpRequest) -> HttpResponse:
    """Every part with its state; 503 where one is down."""
    parts = list(health.check_parts().values())
    down = [part for part in parts if part.state == "down"]
    return render_page(
        request,
        "operations/status/status.html",
        {"parts": parts, "down": down, "bundled": bundled.list_bundled_programs()},
        {"parts": "parts"},
        503 if down else 200,
    )


@never_cache
@require_safe
@not_recorded(because="it says which parts answer, and probes ask it every few seconds")
def healthz(request: HttpRequest) -> HttpResponse:
    """That this process lives; nothing is asked for it."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
@not_recorded(because="it says which parts answer, and probes ask it every few seconds")
def readyz(request: HttpRequest) -> HttpResponse:
    """Whether pages can be served, and which parts answer, for anybody; 503 where one does not."""
    parts = readiness.read()
    ready = bool(parts) and all(parts.values())
    body = {"ready": ready, "parts": {name: "up" if is_up else "down" for name, is_up in parts.items()}}
    return JsonResponse(body, status=200 if ready else 503)


@require_safe
@not_recorded(because="numbers without names, which collectors read every few seconds")
def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics, for a program with a key of the scope for them, and for leads and admins who are signed in."""
    if isinstance(request.user, User) and "Authorization" not in request.headers:
        if not may_resolve(request.user):
            return respond_refused(
                AccessRefused(403, "The metrics are for leads, admins, and keys of the scope for them.")
            )
    else:
        try:
            authenticate_request(request, KeyScope.METRICS)
        except AccessRefused as refusal:
            return respond_refused(refusal)
    try:
        return HttpResponse(measured.render_metrics(), content_type=CONTENT_TYPE_LATEST)
    except DatabaseError:
        return respond_refused(AccessRefused(503, "The database does not answer, so there is nothing to read."))
