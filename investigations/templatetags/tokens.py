"""What the pages of a token say in the middle of a sentence, so without a space around it."""

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from investigations import tokens
from trail.questions.fate import Ending, Fate
from trail.search.execute import Hit

register = template.Library()
register.filter("span", tokens.span)


@register.simple_tag
def where(hit: Hit) -> SafeString:
    """From where an event came, and with which client."""
    return _inline("_where", hit=hit)


@register.simple_tag
def how_ended(one: Ending) -> SafeString:
    """When a token was revoked or restored, by whom, why, and by which of its names."""
    return _inline("_ending", one=one)


@register.simple_tag
def fate_of(fate: Fate) -> SafeString:
    """Whether a token is alive, and if not since when, as a badge."""
    return _inline("_fate", fate=fate)


@register.simple_tag
def fate_words(fate: Fate) -> SafeString:
    """The same as a part of a sentence."""
    return _inline("_fate_words", fate=fate)


def _inline(name: str, **context: object) -> SafeString:
    return SafeString(render_to_string(f"investigations/tokens/{name}.html", context).rstrip())
