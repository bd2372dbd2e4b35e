"""What a test reads off an answer, and off the trail."""

import re
from html import unescape
from typing import Any
from urllib.parse import quote

from django.http import HttpResponseBase

from trail.connection import Trail
from trail.search import execute
from trail.search.spec import WHOLE_TRAIL, Search


def at_sign_in(response: HttpResponseBase, back: str | None = None) -> bool:
    """Whether the answer sends the browser to sign in (and from there back)."""
    where = response.headers.get("Location", "")
    return response.status_code == 302 and where.startswith(f"/accounts/login/?next={quote(back or '/')}")


def bytes_of(response: HttpResponseBase) -> bytes:
    """What was sent, of a file too, read to its end so that it is closed."""
    return b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]


def text_of(response: HttpResponseBase) -> str:
    """The page as it was sent."""
    return bytes_of(response).decode()


def events_on(response: HttpResponseBase) -> list[str]:
    """The ids of the events in the page's table, from top to bottom."""
    return [unescape(found) for found in re.findall(r'aria-label="Open event ([^"]*)"', text_of(response))]


def link(response: HttpResponseBase, words: str) -> str | None:
    """Where the link with these words leads, or None."""
    found = re.search(rf'<a [^>]*href="([^"]*)"[^>]*>{re.escape(words)}</a>', text_of(response))
    return unescape(found.group(1)) if found else None


def journal(trail: Trail, action: str = "*") -> list[dict[str, Any]]:
    """What the console has put on record, oldest first."""
    trail.client.indices.refresh(index=f"{trail.prefix}-events-*")
    asked = Search(text=f"event.dataset:console AND event.action:{action}", sort=("@timestamp", "asc"))
    return [hit.document for batch in execute.scan(trail, asked, WHOLE_TRAIL) for hit in batch.hits]
