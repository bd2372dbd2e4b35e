"""Many indicators at once: the list is sent, never in an address; the answer is a page and a file for an hour."""

from typing import Any

import orjson
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from redis.exceptions import RedisError

from accounts.decorators import person, requires
from accounts.roles import may_search
from core import outages
from core.errors import Busy
from core.htmx import render_page, whole_page
from investigations import admission
from investigations.questions import indicators as services
from investigations.questions import progress
from investigations.questions.forms import IndicatorListForm, IndicatorViewForm
from investigations.questions.indicators import IndicatorRow
from investigations.search_url import search_address
from investigations.serialise import plain
from trail.questions.indicator_list import IndicatorKind
from trail.search.spec import Filter, Operator, Search

ROWS = 200
_NOT_KEPT = "The answer could not be kept: Redis does not answer. Try again, or see the status page."


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_search)
def indicators(request: HttpRequest) -> HttpResponseBase:
    """The form for a list; once sent, the page of its answer."""
    if request.method != "POST":
        return _show_form(request, IndicatorListForm(), 200)
    try:
        with admission.admit_list(person(request)):
            return _answer(request)
    except Busy as busy:
        typed = IndicatorListForm(initial={"indicators": request.POST.get("indicators", "")})
        return _show_form(request, typed, 429, busy.sentence)


def _answer(request: HttpRequest) -> HttpResponseBase:
    """The page of the answer, or the form with what is wrong. Raises Busy."""
    form = IndicatorListForm(request.POST, request.FILES, sent=int(request.META.get("CONTENT_LENGTH") or 0))
    if form.errors:
        return _show_form(request, form, 400)
    try:
        return whole_page(request, _ask(request, form))
    except RedisError:
        return _show_form(request, form, 503, _NOT_KEPT)
    except outages.OUTAGES as error:
        return _show_form(request, form, 503, outages.report(error))


def _show_form(request: HttpRequest, form: IndicatorListForm, status: int, problem: str = "") -> HttpResponse:
    context: dict[str, Any] = {"form": form} | ({"problem": problem} if problem else {})
    return render_page(request, "investigations/questions/indicators.html", context, {"asked": "asked"}, status)


def _ask(request: HttpRequest, form: IndicatorListForm) -> str:
    """Asks, keeps the answer, and returns the address of its page."""
    user, key = person(request), request.headers.get(progress.KEY_HEADER, "")
    answers = services.ask(form.cleaned_data["listed"], by=user, key=key)
    return reverse("indicators_result", args=[services.keep(answers, by=user)])


@require_safe
@requires(may_search)
def indicators_result(request: HttpRequest, word: str) -> HttpResponse:
    """The rows of an answer that is still kept."""
    answers, form = services.find_kept(word, by=person(request)), IndicatorViewForm(request.GET)
    page = Paginator(services.list_rows(answers, **form.read_view()), ROWS).get_page(request.GET.get("page"))
    context = {
        "result": answers,
        "form": form,
        "word": word,
        "page": page,
        "rows": [(row, _search_address(row)) for row in page],
        "number": len(answers.answers),
        "seen": len(answers.answers) - answers.never,
        "newer_url": _page_address(request, page.previous_page_number()) if page.has_previous() else None,
        "older_url": _page_address(request, page.next_page_number()) if page.has_next() else None,
    }
    return render_page(request, "investigations/questions/indicators_result.html", context)


def _page_address(request: HttpRequest, page: int) -> str:
    words = request.GET.copy()
    words["page"] = str(page)
    return f"?{words.urlencode()}"


def _search_address(row: IndicatorRow) -> str | None:
    """Its events in that field, as a search."""
    if row.seen is None:
        return None
    operator: Operator = "network" if row.indicator.kind is IndicatorKind.NETWORK else "is"
    chip = Filter(row.seen.field, (row.indicator.value,), operator=operator)
    return search_address(Search(filters=(chip,)))


@require_safe
@requires(may_search)
def indicators_file(request: HttpRequest, word: str) -> HttpResponseBase:
    """The whole answer as CSV or JSON, which is recorded first."""
    answers = services.find_kept(word, by=person(request))
    format = "json" if request.GET.get("format") == "json" else "csv"
    services.record_download(answers, by=person(request), format=format)
    name = f"indicators-{answers.sha256[:12]}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    if format == "json":
        return HttpResponse(orjson.dumps(plain(answers)), content_type="application/json", headers=headers)
    lines = services.file_lines(answers)
    return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
