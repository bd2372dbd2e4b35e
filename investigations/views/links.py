"""Short links: make one, open one, write a note about what it shows."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.decorators import person, requires
from accounts.roles import may_investigate, may_search
from investigations import access, using
from investigations.errors import Refused
from investigations.forms.cases import CaseNoteForm
from investigations.forms.search import read
from investigations.models import ShortLink
from investigations.services import cases, links
from investigations.views.search import faulty
from trail.errors import BadQuery
from trail.search.spec import Search
from web.htmx import render_page

PARTIALS = {"share": "share"}


@require_POST
@requires(may_search)
def link_make(request: HttpRequest) -> HttpResponseBase:
    """A short link of the search whose fields are sent; then where it is shown, or the form of a note about it."""
    asked = read(request.POST)
    try:
        if asked.search is None:
            raise asked.problem or BadQuery("There is no search to link to.", 0)
        link = links.make(search=asked.search, fixed=request.POST.get("times") == "fixed", by=person(request))
    except BadQuery as error:
        context = {
            "asked": asked,
            "may_investigate": may_investigate(person(request)),
            **faulty(error, asked.typed["q"]),
        }
        return render_page(request, "investigations/search.html", context, status=400)
    if request.POST.get("then") == "note":
        query = {"link": link.public_id, **({"case": case} if (case := asked.context.get("case")) else {})}
        return redirect(f"{reverse('note_new')}?{urlencode(query)}")
    return redirect("link_about", link.public_id)


def _link(public_id: str) -> ShortLink:
    link = ShortLink.objects.filter(public_id=public_id).first()
    if link is None:
        raise Http404("There is no such link.")
    return link


@require_safe
@requires(may_search)
def link_open(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """The search itself, as the person who opens it may ask it; or, too long for an address, what can be done with it."""
    address = using.address_of(Search.from_json(_link(public_id).search))
    return redirect(address or reverse("link_about", args=[public_id]))


@require_safe
@requires(may_search)
def link_about(request: HttpRequest, public_id: str) -> HttpResponse:
    link = _link(public_id)
    search = Search.from_json(link.search)
    context = {
        "link": link, "address": f"{request.get_host()}{reverse('link_open', args=[public_id])}",
        "opens": using.address_of(search) is not None, "fields": using.fields_of(search),
        "may_investigate": may_investigate(person(request)),
    }  # fmt: skip
    return render_page(request, "investigations/link.html", context, PARTIALS)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_investigate)
def note_new(request: HttpRequest) -> HttpResponseBase:
    """A note in a case about a search: its words and its short link are in it already."""
    user = person(request)
    form = CaseNoteForm(request.POST or None, user=user, initial=_about(request))
    if request.method == "POST" and form.is_valid():
        case = access.writable_case_for(user, form.cleaned_data["case"])
        try:
            cases.write_note(case=case, text=form.cleaned_data["text"], by=user)
        except Refused as refused:
            form.add_error(None, refused.sentence)
        else:
            messages.success(request, f"The note is in “{case.title}”.")
            return redirect("case_notes", case.public_id)
    return render_page(request, "investigations/note_new.html", {"form": form}, status=400 if form.errors else 200)


def _about(request: HttpRequest) -> dict[str, Any]:
    if not (public_id := request.GET.get("link", "")):
        return {"case": request.GET.get("case")}
    link = _link(public_id)
    address = request.build_absolute_uri(reverse("link_open", args=[public_id]))
    return {"case": request.GET.get("case"), "text": f"Search: {link.words}\n{address}\n\n"}
