"""Takes what programs write to the trail over HTTP: events as they are, or records in the shape of OpenSearch's _bulk."""

import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from core.access import not_recorded
from core.connection import trail
from core.responses import RETRY_SECONDS
from operations.ingest import bulk as bulk_format
from operations.ingest.body import read_body, split_lines
from operations.ingest.clients import is_of_elastic, reads_items
from operations.ingest.decorators import break_off_retries, for_writers
from operations.ingest.entries import EntryReader
from operations.ingest.errors import RequestRefused
from operations.ingest.limits import check_rate
from operations.ingest.outcomes import DURABLE, REFUSED, keep_body, write_entries
from operations.ingest.responses import JSON, describe_outcome, json_response, retry_status
from operations.models import WriterKey
from operations.status.health import is_search_ready

_AS_OPENSEARCH = {
    "version": {
        "distribution": "opensearch",
        "number": "3.8.0",
        "build_type": "trail",
        "minimum_wire_compatibility_version": "2.19.0",
        "minimum_index_compatibility_version": "2.0.0",
    },
    "tagline": "The OpenSearch Project: https://opensearch.org/",
}
# Clients of Elasticsearch 7 compare the number and these words; those of 8 look at the header alone.
_AS_ELASTICSEARCH = {
    "version": {"number": "7.17.0", "build_flavor": "default", "build_type": "trail"},
    "tagline": "You Know, for Search",
}
JSON_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")


@for_writers("POST")
@not_recorded(because="what a writer sends is an event itself")
def events(request: HttpRequest, key: WriterKey) -> HttpResponse:
    """Take one event, or one on each line. An answer for each, in order; 200 only when all of them are durable."""
    content_type = request.content_type or ""
    if content_type not in (JSON, *JSON_LINES):
        raise RequestRefused(415, f"Send one event as {JSON}, or one on each line as {JSON_LINES[0]}.")
    content = read_body(request, settings.INGEST_BODY_BYTES)
    lines = [content] if content_type == JSON else list(split_lines(content))
    _check_limits(key, len(lines))
    outcomes = write_entries(trail(), key, request.path, EntryReader(key).read_events(lines))
    is_any_refused = any(outcome.status in REFUSED for outcome in outcomes)
    durable = sum(outcome.status in DURABLE for outcome in outcomes)
    answer = {"durable": durable, "events": [describe_outcome(outcome) for outcome in outcomes]}
    return json_response(answer, retry_status(outcomes) or (422 if is_any_refused else 200))


@break_off_retries
@for_writers("POST", "PUT")
@not_recorded(because="what a writer sends is an event itself")
def bulk(request: HttpRequest, key: WriterKey, index: str = "trail") -> HttpResponse:
    """Take records of shippers. While something is not durable the whole answer is 503 or 429, for many look no further; who is
    known to look at each item is answered as the engine does, unless nothing was taken."""
    start = time.monotonic()
    content = read_body(request, settings.INGEST_BODY_BYTES)
    try:
        actions = bulk_format.parse_actions(split_lines(content), index)
    except RequestRefused as refusal:
        raise keep_body(key, request.path, content, refusal) from refusal
    _check_limits(key, len(actions))
    reader = EntryReader(key)
    adding = (action for action in actions if action.operation in bulk_format.ADDING)
    entries = (reader.read_record(action.line, action.place, action.given_id) for action in adding)
    outcomes = write_entries(trail(), key, request.path, entries)
    took = int((time.monotonic() - start) * 1_000)
    answer = bulk_format.build_response(actions, iter(outcomes), took)
    is_partial = any(outcome.status in DURABLE | REFUSED for outcome in outcomes)
    return json_response(answer, 200 if is_partial and reads_items(request) else retry_status(outcomes) or 200)


@for_writers("GET", "HEAD")
@not_recorded(because="it tells a program nothing of the trail")
def version(request: HttpRequest, key: WriterKey) -> HttpResponse:
    """Answer what shippers ask first: whom they speak to."""
    named = {"name": "auditconsole", "cluster_name": settings.TRAIL_PREFIX, "cluster_uuid": settings.TRAIL_PREFIX}
    return json_response(named | (_AS_ELASTICSEARCH if is_of_elastic(request) else _AS_OPENSEARCH))


@for_writers("GET", "HEAD")
@not_recorded(because="it tells a program nothing of the trail")
def health(request: HttpRequest, key: WriterKey) -> HttpResponse:
    """Answer what some shippers ask before they write: whether it is worth trying."""
    if not is_search_ready():
        raise RequestRefused(503, "The trail does not answer.", after=RETRY_SECONDS)
    return json_response({"cluster_name": settings.TRAIL_PREFIX, "status": "green", "timed_out": False})


def _check_limits(key: WriterKey, events: int) -> None:
    """Raises RequestRefused for more events than one request, or the key, may write now."""
    if events > settings.INGEST_EVENTS:
        sentence = f"There are {events:,} events, more than {settings.INGEST_EVENTS:,}; send at most so many at a time."
        raise RequestRefused(413, sentence)
    check_rate(key.pk, events)
