"""Gives every template Django's tag `url`, which looks an address up that it has written before."""

from django import template
from django.template import Context
from django.template.base import Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parse_url
from django.utils.html import conditional_escape

from core.addresses import write_address

register = template.Library()


class AddressNode(URLNode):
    """An address by a plain name and parts that are texts; Django's own node writes all others."""

    def render(self, context: Context) -> str:
        name, parts = self.view_name.resolve(context), [part.resolve(context) for part in self.args]
        if self.kwargs or self.asvar or ":" in name or not all(isinstance(part, str) for part in parts):
            return str(super().render(context))
        address = write_address(name, *parts)
        return conditional_escape(address) if context.autoescape else address


@register.tag
def url(parser: Parser, token: Token) -> AddressNode:
    """The tag as Django parses it."""
    node = parse_url(parser, token)
    return AddressNode(node.view_name, node.args, node.kwargs, node.asvar)
