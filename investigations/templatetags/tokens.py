"""Writes what the pages of a token say in the middle of a sentence, so without a space around it."""

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from investigations.presentation import tokens
from trail.questions.token_status import Ending, TokenStatus
from trail.search.execute import Hit

register = template.Library()
register.filter("span", tokens.duration_text)


@register.simple_tag
def where(hit: Hit) -> SafeString:
    """From where an event came, and with which client."""
    return _inline("_event_origin", hit=hit)


@register.simple_tag
def from_where(hit: Hit) -> SafeString:
    """From where an event came, in a few words."""
    return _inline("_origin", hit=hit)


@register.simple_tag
def how_ended(ending: Ending) -> SafeString:
    """When a token was revoked or restored, by whom, why, and by which of its names."""
    return _inline("_revocation", ending=ending)


@register.simple_tag
def issued_with(token_ids: list[str]) -> SafeString:
    """Which tokens were issued with a token: the first few, and how many more."""
    return _inline("_issued_with", issued=token_ids)


@register.simple_tag
def token_status(status: TokenStatus) -> SafeString:
    """Whether a token is alive, and if not since when, as a badge."""
    return _inline("_status", status=status)


@register.simple_tag
def token_status_words(status: TokenStatus) -> SafeString:
    """The same as a part of a sentence."""
    return _inline("_status_words", status=status)


def _inline(name: str, **context: object) -> SafeString:
    return SafeString(render_to_string(f"investigations/questions/token/{name}.html", context).rstrip())
