"""Many indicators at once: the list is sent, never in an address; the answer is a page and a file for an hour."""

from typing import Any

import orjson
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe
from redis.exceptions import RedisError

from accounts.decorators import person, requires
from accounts.roles import may_search
from investigations.api.serialise import plain
from investigations.forms.indicators import ListForm, LookForm
from investigations.journal import Action, record
from investigations.services import indicators, searches
from investigations.services.indicators import Row
from investigations.views.search import OUTAGES, unanswered
from trail.indicators import Kind
from trail.search.spec import Filter, Search
from web.htmx import render_page, whole_page

ROWS = 200


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_search)
def ask(request: HttpRequest) -> HttpResponseBase:
    sent = int(request.META.get("CONTENT_LENGTH") or 0)
    form = ListForm(request.POST, request.FILES, sent=sent) if request.method == "POST" else ListForm()
    context: dict[str, Any] = {"form": form}
    status = 400 if form.errors else 200
    if form.is_bound and not form.errors:
        try:
            key = request.headers.get(searches.KEY_HEADER, "")
            found = indicators.ask(form.cleaned_data["listed"], by=person(request), key=key)
            return whole_page(request, reverse("indicators_result", args=[indicators.keep(found, by=person(request))]))
        except OUTAGES as error:
            context |= unanswered(error)
        except RedisError:
            context["problem"] = (
                "The answer could not be kept: Redis does not answer. Try again, or see the status page."
            )
        status = 503
    return render_page(request, "investigations/indicators.html", context, {"asked": "asked"}, status)


@require_safe
@requires(may_search)
def result(request: HttpRequest, word: str) -> HttpResponse:
    found, form = indicators.kept(word, by=person(request)), LookForm(request.GET)
    page = Paginator(indicators.rows(found, **form.asked()), ROWS).get_page(request.GET.get("page"))
    context = {
        "result": found, "form": form, "word": word, "page": page, "rows": [(row, _search_url(row)) for row in page],
        "asked": len(found.answers), "seen": len(found.answers) - found.never,
        "newer_url": _at(request, page.previous_page_number()) if page.has_previous() else None,
        "older_url": _at(request, page.next_page_number()) if page.has_next() else None,
    }  # fmt: skip
    return render_page(request, "investigations/indicators_result.html", context)


def _at(request: HttpRequest, page: int) -> str:
    words = request.GET.copy()
    words["page"] = str(page)
    return f"?{words.urlencode()}"


def _search_url(row: Row) -> str | None:
    """Its events in that field, as a search."""
    if row.seen is None:
        return None
    network = row.indicator.kind is Kind.NETWORK
    chip = Filter(row.seen.field, (row.indicator.value,), operator="network" if network else "is")
    return f"{reverse('search')}?{urlencode(Search(filters=(chip,)).to_query(), doseq=True)}"


@require_safe
@requires(may_search)
def download(request: HttpRequest, word: str) -> HttpResponseBase:
    """The whole answer as CSV or JSON, which is put on record first."""
    found = indicators.kept(word, by=person(request))
    json = request.GET.get("format") == "json"
    labels = {"sha256": found.sha256, "format": "json" if json else "csv"}
    record(Action.INDICATORS_DOWNLOAD, by=person(request), resource=("indicators", found.sha256), labels=labels)
    name = f"indicators-{found.sha256[:12]}.{labels['format']}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    if json:
        return HttpResponse(orjson.dumps(plain(found)), content_type="application/json", headers=headers)
    return StreamingHttpResponse(indicators.csv_lines(found), content_type="text/csv; charset=utf-8", headers=headers)
