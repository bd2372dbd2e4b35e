"""Shows long texts on a page: as much as can be looked at, and all of it on demand."""

from typing import Any

from django import template

from investigations.presentation import cells

register = template.Library()
CUT = 20_000  # characters that are shown at first


@register.inclusion_tag("components/_long_text.html", takes_context=True)
def long(context: template.Context, text: str, part: str) -> dict[str, Any]:
    """A text as it stands, cut; whole when the address asks for this part of the page (`?whole=original`)."""
    whole = len(text) <= CUT or context["request"].GET.get("whole") == part
    shown = text if whole else text[:CUT]
    return {"shown": cells.make_visible(shown), "part": part, "length": len(text), "whole": whole, "cut": CUT}


@register.filter
def in_place(text: str) -> str:
    """What was typed, with one sign for each character that no one sees: below it stands where the fault is."""
    return "".join("�" if cells.make_visible(sign) != sign else sign for sign in text)
