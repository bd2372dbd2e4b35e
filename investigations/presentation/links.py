"""Builds identifiers as plain links to their pages, fast: a table of them costs no template.

The menu of an identifier, with its questions and searches, stands on its own page and in tables of events.
"""

from functools import lru_cache
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from investigations.presentation.cells import make_visible, to_text
from investigations.presentation.identifiers import page_address
from trail.schema import IDENTIFIERS

# The icon of each kind, as components/_icons.html has them.
ICONS = {
    "user.id": "user",
    "source.ip": "address",
    "source.address": "address",
    "service.name": "service",
    "user_agent.name": "service",
    "user_agent.original": "service",
    "organization.id": "organization",
    "resource.id": "resource",
    "token.id": "token",
    "token.fingerprint": "token",
    "token.parent_fingerprint": "token",
}
NOTHING = SafeString('<span class="none" aria-label="none">–</span>')
LONGEST_SHOWN, LONGEST_TITLE = 60, 2_000
_LONGEST_KEPT = 200


def build_link(field: str, value: Any, *, icon: bool = False) -> SafeString:
    """A value as a table shows it: an identifier leads to its page; another value, and one without a page, stands by itself."""
    text = to_text(value)
    if not text:
        return NOTHING
    # What somebody has written at length is not kept in memory.
    return _build_kept(field, text, icon) if len(text) <= _LONGEST_KEPT else _build(field, text, icon)


def build_icon(field: str) -> SafeString:
    """The outline of an identifier's kind; nothing for a field that has none."""
    if field not in ICONS:
        return SafeString("")
    return format_html('<svg class="icon icon--kind" aria-hidden="true"><use href="#i-k-{}"/></svg>', ICONS[field])


def cut_text(text: str, longest: int = LONGEST_SHOWN) -> str:
    """A text with its controls spelled out, cut at its end where it is too long."""
    shown = make_visible(text)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _build(field: str, text: str, icon: bool) -> SafeString:
    shown = escape(cut_text(text))
    title = escape(cut_text(text, LONGEST_TITLE))
    address = page_address(field, text) if field in IDENTIFIERS else None
    before = build_icon(field) if icon else ""
    if address is None:
        look = "id" if field in IDENTIFIERS else "text"
        return SafeString(f'{before}<bdi class="{look}" title="{title}">{shown}</bdi>')
    return SafeString(f'{before}<a class="id" href="{escape(address)}" title="{title}"><bdi>{shown}</bdi></a>')


_build_kept = lru_cache(maxsize=4_096)(_build)
