"""What the query bar offers while somebody types."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from investigations.forms.search import read, refuse_secrets
from investigations.services import completing
from trail.errors import BadQuery
from trail.search.spec import Search
from web.htmx import render_page


@require_safe
@requires(may_search)
def complete(request: HttpRequest) -> HttpResponse:
    """A list for the caret at `at` of the text `q`, counted in characters. What cannot be offered is no error: typing goes on."""
    text, at = request.GET.get("q", ""), request.GET.get("at", "")
    try:
        refuse_secrets(request.GET)
    except BadQuery as error:
        return render_page(request, "investigations/search/_options.html", {"note": error.message}, status=400)
    found = completing.complete(
        by=person(request), text=text, at=int(at) if at.isdecimal() and len(at) < 6 else len(text),
        search=read(request.GET).search or Search(),
    )  # fmt: skip
    return render_page(request, "investigations/search/_options.html", {"found": found, "note": found.note})
