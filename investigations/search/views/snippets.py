"""A person's snippets: the page, and keeping one from the query bar."""

from typing import Any

from django.contrib import messages
from django.db.models import BigAutoField
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import person, requires
from accounts.roles import may_search
from core.errors import Refused
from core.forms import read_number
from core.htmx import render_page
from investigations.models import Snippet
from investigations.search import snippets
from investigations.search_url import carried_fields
from trail.errors import BadQuery


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_search)
def snippet_list(request: HttpRequest) -> HttpResponseBase:
    """All of them; a POST makes one, or changes or throws away the one it names."""
    context: dict[str, Any] = {}
    if request.method == "POST":
        try:
            _change(request)
            return redirect("snippet_list")
        except (BadQuery, Refused) as error:
            context = {"problem": getattr(error, "message", "") or str(error), "typed": request.POST}
    context["snippets"] = Snippet.objects.filter(owner=person(request))
    return render_page(
        request, "investigations/search/snippet_list.html", context, status=400 if "problem" in context else 200
    )


def _change(request: HttpRequest) -> None:
    name, text, number = (request.POST.get(key, "") for key in ("name", "text", "snippet"))
    if not number:
        snippets.keep(owner=person(request), name=name, text=text)
        return
    own = Snippet.objects.filter(
        owner=person(request), pk=read_number(number, most=BigAutoField.MAX_BIGINT) or 0
    ).first()
    if own is None:
        raise Http404("There is no such snippet.")
    if request.POST.get("action") == "delete":
        own.delete()
    else:
        snippets.change(snippet=own, name=name, text=text)


@require_POST
@requires(may_search)
def snippet_keep(request: HttpRequest) -> HttpResponse:
    """The text that stands in the query bar, under its own beginning as a name; the search stays as it was."""
    try:
        snippet = snippets.keep(owner=person(request), text=request.POST.get("q", ""))
        messages.success(request, f"Kept as a snippet: {snippet.name}. Rename it on the page of your snippets.")
    except (BadQuery, Refused) as error:
        messages.error(request, str(error))
    return redirect(f"{reverse('search')}?{urlencode(carried_fields(request.POST))}")
