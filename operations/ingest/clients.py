"""Recognises the programs that write over HTTP by how they name themselves, for what each needs to hear.

The rules: docs/decisions/0091-as-the-engine-answers.md
"""

import re

from django.http import HttpRequest, HttpResponse

# Clients and shippers that look at the status of each item; for others a request is done where it was answered by 200.
_READS_ITEMS = re.compile(
    r"(?:opensearch|elasticsearch)-(?:py|js|go|java|rb|net)|go-elasticsearch|elastic-transport|logstash|data-prepper|OTel|opentelemetry",
    re.IGNORECASE,
)
_OF_ELASTIC = re.compile(
    r"elasticsearch-(?:py|js|java|rb|net|php)|go-elasticsearch|elastic-transport|^elastic", re.IGNORECASE
)
# What these clients look for in every answer since 7.14, and refuse to work without.
PRODUCT_HEADER, PRODUCT = "X-Elastic-Product", "Elasticsearch"


def reads_items(request: HttpRequest) -> bool:
    """Whether who asks looks at the status of each item of an answer."""
    return _READS_ITEMS.search(request.headers.get("User-Agent", "")) is not None


def is_of_elastic(request: HttpRequest) -> bool:
    """Whether a client of Elasticsearch asks, by its name or by what it says of itself beside it."""
    agent = request.headers.get("User-Agent", "")
    return _OF_ELASTIC.search(agent) is not None or "X-Elastic-Client-Meta" in request.headers


def name_product(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The answer, by which a client of Elasticsearch knows that the shape of `_bulk` is spoken here."""
    if is_of_elastic(request):
        response[PRODUCT_HEADER] = PRODUCT
    return response
