"""Shows a person's notices, and how many are new, from any page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import person, signed_in
from core.access import not_recorded
from core.htmx import render_page
from investigations.notices import services as notices

PARTIALS = {"notices": "list"}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def notice_list(request: HttpRequest) -> HttpResponse:
    """The newest notices; a POST marks all as read."""
    if request.method == "POST":
        notices.mark_notices_read(person(request))
        return redirect("notice_list")
    context = {"notices": notices.list_notices(person(request)), "shown": notices.SHOWN}
    return render_page(request, "investigations/notices/list.html", context, PARTIALS)


@require_safe
@signed_in
@never_cache
@not_recorded(because="every page asks it by itself, and it says no more than a number")
def notice_count(request: HttpRequest) -> HttpResponse:
    """The button of the notices with the number of new ones, as every page has it."""
    return render_page(request, "components/_notices.html", {})
