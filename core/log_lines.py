"""Formats what logs write, without what looks like a bearer secret: in a message, an address, a traceback, wherever it stands."""

import logging
import re
from urllib.parse import unquote

from trail.redaction import holds_secret, remove_secrets

# The console's own links that work once open an account, and look like nothing that the trail's recogniser knows.
_LINK = re.compile(r"(/accounts/(?:first-admin|password/link)/)[^/\s\"'?<>]+")
_WORD = re.compile(r"[^\s\"'<>]*%[0-9A-Fa-f]{2}[^\s\"'<>]*")


def remove_secrets_from_line(text: str) -> str:
    """The text with each bearer secret as its SHA-256, also where it stands in an address with its signs as %2B."""
    text = _LINK.sub(r"\1[removed link]", text)
    if "%" in text:
        text = _WORD.sub(_decode_if_secret, text)
    return remove_secrets(text)[0]


def _decode_if_secret(match: re.Match[str]) -> str:
    """A part of an address as it was typed, or, where that hides a secret, decoded and without it."""
    decoded = unquote(match.group())
    return remove_secrets(decoded)[0] if holds_secret(decoded) else match.group()


class SecretlessFormatter(logging.Formatter):
    """The formatter of every handler: the whole text of a record, its traceback included, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """The text to write."""
        return remove_secrets_from_line(super().format(record))
