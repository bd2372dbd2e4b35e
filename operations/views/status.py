"""The status page: what is up, what is down, and what that means for the person looking."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.decorators import signed_in
from operations import health
from web.htmx import render_page


@require_safe
@signed_in
def status(request: HttpRequest) -> HttpResponse:
    parts = health.parts()
    down = [part for part in parts if part.state == "down"]
    return render_page(
        request, "operations/status.html", {"parts": parts, "down": down}, {"parts": "parts"}, 503 if down else 200
    )
