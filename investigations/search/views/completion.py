"""What the query bar offers while somebody types."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.decorators import person, requires
from accounts.roles import may_search
from core.forms import read_number
from core.htmx import render_page
from investigations.search import completion
from investigations.search_url import read_search_request, refuse_secrets
from trail.errors import BadQuery
from trail.search.spec import Search


@require_safe
@requires(may_search)
def search_complete(request: HttpRequest) -> HttpResponse:
    """A list for the caret at `at` of the text `q`, counted in characters. What cannot be offered is no error: typing goes on."""
    text, at = request.GET.get("q", ""), request.GET.get("at", "")
    try:
        refuse_secrets(request.GET)
    except BadQuery as error:
        return render_page(request, "investigations/search/_completions.html", {"note": error.message}, status=400)
    completions = completion.complete(
        by=person(request),
        text=text,
        at=len(text) if (place := read_number(at, most=len(text))) is None else place,
        search=read_search_request(request.GET).search or Search(),
    )
    context = {"completion": completions, "note": completions.note}
    return render_page(request, "investigations/search/_completions.html", context)
