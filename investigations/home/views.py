"""The home page, the command bar of every page, and how a person looks at pages."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.decorators import person, requires, signed_in
from accounts.roles import may_investigate, may_search
from core.htmx import render_page
from core.responses import choose_way_back, name_page_of_form
from investigations.detections.services import count_new_findings
from investigations.home import services
from investigations.home.jump import Jump, find_jump
from investigations.home.recent import build_recent_links
from investigations.presentation.volume_chart import build_volume_chart
from investigations.search_url import refuse_secrets
from investigations.view_settings import set_density, set_zone
from operations.incidents.services import count_unresolved
from operations.models import Checkpoint
from trail.errors import BadQuery


@require_safe
@requires(may_search)
def home(request: HttpRequest) -> HttpResponse:
    """The three questions, how the trail is, and what waits for this person."""
    user = person(request)
    context: dict[str, Any] = _build_trail_context(request) | {
        "cases": services.list_own_cases(user),
        "open_cases": services.count_own_cases(user),
        "tasks": services.list_own_tasks(user),
        "today": timezone.now().date(),
        "recent": build_recent_links(request),
    }
    if may_investigate(user):
        context |= {"findings": services.list_new_findings(), "new_findings": count_new_findings()}
    return render_page(request, "investigations/home/home.html", context)


def _build_trail_context(request: HttpRequest) -> dict[str, Any]:
    """What the trail holds, how far it is sealed, and whether anything is wrong with it."""
    volume = services.read_trail_volume(person(request))
    checkpoint = Checkpoint.objects.only("size", "at").first()
    chart = build_volume_chart(volume.days, checkpoint.at if checkpoint else None) if volume else None
    return {"volume": volume, "chart": chart, "checkpoint": checkpoint, "incidents": count_unresolved()}


@require_safe
@requires(may_search)
def jump(request: HttpRequest) -> HttpResponseBase:
    """On to the first of what the text may mean; a list without a text, and a sentence for what is no text to look for."""
    choices, text, status = _read_jump(request)
    if text and choices.options and status == 200:
        return redirect(choices.options[0].url)
    return render_page(request, "investigations/home/jump.html", {"jump": choices, "text": text}, status=status)


@require_safe
@requires(may_search)
def jump_options(request: HttpRequest) -> HttpResponse:
    """The list under the command bar while somebody types."""
    choices, _, status = _read_jump(request)
    return render_page(request, "investigations/home/_jump_options.html", {"jump": choices}, status=status)


def _read_jump(request: HttpRequest) -> tuple[Jump, str, int]:
    """What is offered, the text, which is empty where it must not be shown again, and the status of the answer."""
    try:
        refuse_secrets(request.GET)
    except BadQuery as error:
        return Jump((), error.message), "", 400
    text = " ".join(request.GET.get("q", "").split())
    return find_jump(request, text), text, 200


@require_POST
@signed_in
def view_settings(request: HttpRequest) -> HttpResponseBase:
    """Keep the time zone and how dense rows are, and go on where one was."""
    zone = request.POST.get("zone", "").strip()
    if zone and not set_zone(request, zone):
        messages.error(request, f"There is no time zone {zone[:60]!r}. Write a name such as Europe/Berlin, or UTC.")
    set_density(request, request.POST.get("density", ""))
    return redirect(choose_way_back(request, name_page_of_form(request), otherwise=reverse("home")))
