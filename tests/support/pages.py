"""What a test reads off an answer, and off the trail."""

import re
from html import unescape
from typing import Any
from urllib.parse import quote

from django.http import HttpResponseBase

from operations.maintenance import access_records
from trail.connection import Trail
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search


def at_sign_in(response: HttpResponseBase, back: str | None = None) -> bool:
    """Whether the answer sends the browser to sign in (and from there back)."""
    where = response.headers.get("Location", "")
    return response.status_code == 302 and where.startswith(f"/accounts/login/?next={quote(back or '/')}")


def bytes_of(response: HttpResponseBase) -> bytes:
    """What was sent, of a file too, read to its end so that it is closed; again, the same."""
    if not response.streaming:
        return response.content  # type: ignore[attr-defined, no-any-return]
    if not hasattr(response, "content_read"):
        response.content_read = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    return response.content_read  # type: ignore[attr-defined, no-any-return]


def text_of(response: HttpResponseBase) -> str:
    """The page as it was sent."""
    return bytes_of(response).decode()


def without_csrf_token(page: str) -> str:
    """The page without what differs each time it is sent."""
    return re.sub(r"\b[A-Za-z0-9]{64}\b", "", page)


def events_on(response: HttpResponseBase) -> list[str]:
    """The ids of the events in the page's table, from top to bottom."""
    ids = re.findall(r'(?:aria-label="Open event |data-event=")([^"]*)"', text_of(response))
    return [unescape(event_id) for event_id in ids]


def link(response: HttpResponseBase, words: str) -> str | None:
    """Where the link with these words leads, or None."""
    found = re.search(rf'<a [^>]*href="([^"]*)"[^>]*>{re.escape(words)}</a>', text_of(response))
    return unescape(found.group(1)) if found else None


def hidden_fields(response: HttpResponseBase) -> dict[str, str]:
    """The hidden fields of the page's forms, as a browser would send them back, but for the token against forgery."""
    fields = {}
    for field in re.findall(r'<input type="hidden"[^>]*>', text_of(response)):
        named = dict(re.findall(r'(name|value)="([^"]*)"', field))
        fields[unescape(named["name"])] = unescape(named.get("value", ""))
    fields.pop("csrfmiddlewaretoken", None)
    return fields


# What is on record of each request about which a room says nothing of its own, and what every record says of its request.
REQUESTS = "page.*", "access.refuse"
OF_THE_REQUEST = ("session", "duration_ms", "hits")


def audit_log(
    trail: Trail, action: str = f"(* AND NOT ({' OR '.join(REQUESTS)}))", *, whole: bool = False
) -> list[dict[str, Any]]:
    """What the rooms have put on record, oldest first, once the keeper has delivered what was looked at.

    Without what is true of the request alone, such as how long it took, unless `whole`.
    """
    access_records.deliver_once()
    trail.client.indices.refresh(index=f"{trail.prefix}-events-*")
    asked = Search(text=f"event.dataset:console AND event.action:{action}", sort=("@timestamp", "asc"))
    records = [hit.document for batch in execute.scan(trail, asked, WHOLE_TRAIL) for hit in batch.hits]
    return records if whole else [_without_request(record) for record in records]


def _without_request(record: dict[str, Any]) -> dict[str, Any]:
    labels = {name: text for name, text in record.get("labels", {}).items() if name not in OF_THE_REQUEST}
    rest = {name: value for name, value in record.items() if name != "labels"}
    return rest | ({"labels": labels} if labels else {})
