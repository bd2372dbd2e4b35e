"""Short links: make one, open one, write a note about what it shows."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from accounts.decorators import person, requires
from accounts.roles import may_investigate, may_search
from core.errors import Refused
from core.htmx import render_page
from core.posts import requires_post
from investigations import access
from investigations.models import ShortLink
from investigations.notes import services as notes
from investigations.notes.forms import CaseNoteForm
from investigations.presentation.problems import describe_fault
from investigations.presentation.search_page import build_search_context
from investigations.search import links
from investigations.search_url import form_fields, read_search_request, search_address
from investigations.view_settings import PARAMETER, find_zone, name_in_address
from trail.errors import BadQuery
from trail.search.spec import Search

PARTIALS = {"share": "share"}


@requires(may_search)
@requires_post(instead="search")
def link_make(request: HttpRequest) -> HttpResponseBase:
    """A short link of the search whose fields are sent; then where it is shown, or the form of a note about it."""
    search_request, user = read_search_request(request.POST), person(request)
    try:
        search = search_request.expect_search()
        link = links.make(search=search, fixed=request.POST.get("times") == "fixed", by=user)
    except BadQuery as error:
        context = build_search_context(request, search_request) | describe_fault(error, search_request.typed["q"])
        return render_page(request, "investigations/search/search.html", context, status=400)
    carried = {name: value for name, value in search_request.context.items() if name in ("case", PARAMETER)}
    if request.POST.get("then") == "note":
        return redirect(f"{reverse('note_new')}?{urlencode({'link': link.public_id, **carried})}")
    zone = f"?{urlencode({PARAMETER: carried[PARAMETER]})}" if PARAMETER in carried else ""
    return redirect(reverse("link_about", args=[link.public_id]) + zone)


def _link_for(public_id: str) -> ShortLink:
    link = ShortLink.objects.filter(public_id=public_id).first()
    if link is None:
        raise Http404("There is no such link.")
    return link


def _write_address(public_id: str) -> str:
    """The short address, which names the zone of whom it is made for."""
    return name_in_address(reverse("link_open", args=[public_id]))


@require_safe
@requires(may_search)
def link_open(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The search itself, as the person who opens it may ask it, its times in the zone that the link names; or, too long for an
    address, what can be done with it."""
    zone = {PARAMETER: name} if find_zone(name := request.GET.get(PARAMETER, "")) else {}
    address = search_address(Search.from_json(_link_for(public_id).search), **zone)
    return redirect(address or reverse("link_about", args=[public_id]))


@require_safe
@requires(may_search)
def link_about(request: HttpRequest, public_id: str) -> HttpResponse:
    """The link to pass on, and what its search can become."""
    link = _link_for(public_id)
    search = Search.from_json(link.search)
    context = {
        "link": link,
        "address": request.get_host() + _write_address(public_id),
        "zone": timezone.get_current_timezone_name(),
        "opens": search_address(search) is not None,
        "fields": form_fields(search),
        "may_investigate": may_investigate(person(request)),
    }
    return render_page(request, "investigations/search/link.html", context, PARTIALS)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
def note_new(request: HttpRequest) -> HttpResponseBase:
    """A note in a case about a search: its words and its short link are in it already."""
    user = person(request)
    form = CaseNoteForm(request.POST or None, user=user, initial=_initial_note(request))
    if request.method == "POST" and form.is_valid():
        case = access.get_writable_case(user, form.cleaned_data["case"])
        try:
            notes.write_note(case=case, text=form.cleaned_data["text"], by=user)
        except Refused as refused:
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, f"The note is in “{case.title}”.")
            return redirect("case_notes", case.public_id)
    status = 400 if form.errors else 200
    return render_page(request, "investigations/notes/new.html", {"form": form}, status=status)


def _initial_note(request: HttpRequest) -> dict[str, Any]:
    if not (public_id := request.GET.get("link", "")):
        return {"case": request.GET.get("case")}
    link = _link_for(public_id)
    address = request.build_absolute_uri(_write_address(public_id))
    return {"case": request.GET.get("case"), "text": f"Search: {link.words}\n{address}\n\n"}
