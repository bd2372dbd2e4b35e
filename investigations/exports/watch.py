"""Shows how far an export is within the menu that it was started from; it is never a page of its own."""

from django.http import HttpRequest, HttpResponse

from accounts.decorators import person
from core.htmx import render_page
from investigations import access
from investigations.models import Export

WATCH = "investigations/exports/_watch.html"


def show_watch(request: HttpRequest, export: Export, problem: str = "") -> HttpResponse:
    """How far it is, and what was refused."""
    may_stop = access.may_stop(person(request), export)
    return render_page(request, WATCH, {"export": export, "may_stop": may_stop, "problem": problem})


def show_refusal(request: HttpRequest, problem: str) -> HttpResponse:
    """Why none was started."""
    return render_page(request, WATCH, {"problem": problem})
