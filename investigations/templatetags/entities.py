"""What the pages of identifiers ask for by name."""

from django import template

register = template.Library()
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"))


@register.filter
def duration(seconds: float) -> str:
    """How long something took, by its two largest parts: `2 h 05 min`, `1.5 s`."""
    if seconds < 60:
        return f"{seconds:,.3f}".rstrip("0").rstrip(".") + " s"
    for (step, unit), (smaller, part) in zip(_STEPS, (*_STEPS[1:], (1, "s")), strict=True):
        if seconds >= step:
            return f"{seconds // step:,.0f} {unit} {seconds % step // smaller:02.0f} {part}"
    raise AssertionError("a minute or more has a part of a minute")
