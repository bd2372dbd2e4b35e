"""What templates ask for by name: how a time, an identifier, a size is written."""

import json
from datetime import UTC, datetime
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from accounts.roles import may_investigate
from investigations import presentation
from investigations.forms.cases import AbsenceForm
from investigations.presentation import cell
from investigations.services import detections
from operations.services.demonstration import demonstration_loaded
from trail.errors import TrailError
from trail.integrity import note
from trail.search.spec import Search

register = template.Library()


@register.simple_tag
def value(field: str, text: Any) -> SafeString:
    """A field's value with its look and, for an identifier, its questions. Stands in a sentence, so no space around it."""
    return SafeString(render_to_string("components/_cell.html", {"cell": cell(field, text)}).strip())


@register.simple_tag
def time(moment: Any) -> SafeString:
    """A time in UTC, ISO 8601; the viewer's zone appears on hover."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if not moment:
        return SafeString('<span class="none">never</span>')
    return format_html('<time datetime="{0}" title="{0}">{0}</time>', moment)


@register.inclusion_tag("components/_pin_absence.html", takes_context=True)
def pin_absence(context: template.Context, search: Search | None) -> dict[str, Any]:
    """What pins that a search found nothing; nothing for who pins nothing. The search is asked anew when it is pinned."""
    user = context["request"].user
    if search is None or not may_investigate(user):
        return {}
    case = context.get("case")
    words = urlencode(search.to_query(), doseq=True)
    form = AbsenceForm(user=user, initial={"search": words, "case": case.public_id if case else None})
    return {"absence": form, "csrf_token": context["csrf_token"]}


@register.filter
def short(text: str) -> str:
    """The two ends of a long identifier; the whole of it stands in the title and is copied."""
    return text if len(text) <= 22 else f"{text[:10]}…{text[-9:]}"


@register.filter
def base64(data: bytes) -> str:
    """A hash as the log's formats write it."""
    return note.encode(data)


@register.filter
def visible(text: Any) -> str:
    """A writer's text, with its invisible characters spelled out."""
    return presentation.visible(str(text))


@register.filter
def pretty(value: Any) -> str:
    """JSON for people to read."""
    return presentation.visible(json.dumps(value, indent=2, ensure_ascii=False))


@register.filter
def thousands(number: Any) -> str:
    return "" if number is None else f"{number:,}"


@register.simple_tag
def new_findings() -> int:
    """How many findings nobody has acknowledged yet, for the header of every page."""
    return detections.new_findings()


@register.filter
def percent(share: float) -> str:
    """A share of 1 in percent: 12.3 %, and never 0 for what is there."""
    return f"{share:.1%}" if share >= 0.001 or not share else "< 0.1%"


@register.simple_tag
def demonstration() -> bool:
    """Whether to say that this trail holds invented events. Silent when the trail is down: the page says that itself."""
    from django.core.cache import cache
    from redis.exceptions import RedisError

    try:
        known = cache.get("demonstration")
        if known is None:
            known = _demonstration_loaded()
            cache.set("demonstration", known, timeout=60)
    except RedisError:
        return False
    return bool(known)


def _demonstration_loaded() -> bool:
    try:
        return demonstration_loaded()
    except TrailError:
        return False
