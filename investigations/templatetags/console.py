"""What templates ask for by name: how a time, an identifier, a size is written."""

from datetime import UTC, datetime
from typing import Any

from django import template

from investigations.presentation import cell
from operations.services import demonstration_loaded
from trail.errors import TrailError

register = template.Library()


@register.inclusion_tag("components/_cell.html")
def value(field: str, text: Any) -> dict[str, Any]:
    """A field's value with its look and, for an identifier, its questions."""
    return {"cell": cell(field, text)}


@register.inclusion_tag("components/_time.html")
def time(moment: Any) -> dict[str, Any]:
    """A time in UTC, ISO 8601; the viewer's zone appears on hover."""
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"iso": moment or ""}


@register.filter
def short(text: str) -> str:
    """The two ends of a long identifier; the whole of it stands in the title and is copied."""
    return text if len(text) <= 28 else f"{text[:13]}…{text[-12:]}"


@register.filter
def thousands(number: Any) -> str:
    return "" if number is None else f"{number:,}"


@register.simple_tag
def demonstration() -> bool:
    """Whether to say that this trail holds invented events. Silent when the trail is down: the page says that itself."""
    from django.core.cache import cache
    from redis.exceptions import RedisError

    try:
        known = cache.get("demonstration")
        if known is None:
            known = demonstration_loaded()
            cache.set("demonstration", known, timeout=60)
    except (TrailError, RedisError):
        return False
    return bool(known)
