"""Builds what stands about the events of a search page: the chart, what narrows the search, and what it can become."""

from datetime import UTC, datetime
from typing import Any

from investigations.presentation import first_seen, histogram, search_actions, sidebar
from investigations.questions import comparison
from investigations.search import search_coverage
from investigations.search_url import SearchRequest, form_fields
from trail.search.bodies.facets import list_further_facets
from trail.search.execute import Page
from trail.search.spec import STACKS


def build_results(page: Page, search_request: SearchRequest, now: datetime) -> dict[str, Any]:
    """The context of a page's parts that are neither the query bar nor the table; relative times are of `now`."""
    search, link = search_request.expect_search(), search_request.url
    return {
        "search": search,
        "page": page,
        "actions": search_actions.build_actions(search),
        "compare_before": comparison.address_of_time_before(search, now),
        "compare_values": comparison.addresses_of_two_values(search),
        "first_seen_filters": first_seen.build_filters(page.first_seen, page.total, search, link),
        "first_seen_note": first_seen.describe_coverage(page.first_seen.coverage, datetime.now(UTC)),
        "ranges": sidebar.build_range_links(search, search.resolved(now), page, link),
        "stacks": dict.fromkeys((search.stack, *STACKS)),
        "chart": histogram.build_chart(page, search, link),
        "facets": sidebar.build_facets(page.facets, page.total, search, link),
        "further_facets": len(list_further_facets(search)),
        "query": link(search),
        "query_with": _with_separator(link(search)),
        "times": sidebar.describe_times(search),
        "cover": search_coverage.read_coverage_line(search),
        "pairs": form_fields(search),
    }


def _with_separator(address: str) -> str:
    """An address to which one more parameter is written."""
    return address if address.endswith("?") else f"{address}&"
