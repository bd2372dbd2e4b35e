"""Finds what looks like a bearer secret in a text, and removes it."""

import hashlib
import re

# Things that authenticate by themselves: macaroons (fly.io's and the library's formats), JWTs, bearer headers,
# the published prefixes of GitHub, Slack and AWS session tokens, and the keys of our own writers.
SECRET = re.compile(
    r"(?:\b(?:fm1[ar]|fm2|fo1|fd1)_[A-Za-z0-9+/=_-]{24,}"
    r"|\bMDA[A-Za-z0-9_-]{60,}"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}"
    r"|\b[Bb]earer +[A-Za-z0-9._~+/-]{20,}"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{60,}"
    r"|\bxox[abeprs]-[A-Za-z0-9-]{20,}"
    r"|\btk_[a-z0-9]{10}_[0-9a-f]{64}"
    r"|\b(?:IQoJ|FwoG|FQoG)[A-Za-z0-9+/=]{100,})"
)
# Everything that SECRET matches holds one of these texts, or an underscore after one of the others. Looking for them first, and
# for one letter of them before that, is many times as fast, and nearly every text holds none.
_MARKS = (("J", ("eyJ", "IQoJ")), ("G", ("FwoG", "FQoG")), ("D", ("MDA",)), ("x", ("xox",)), (" ", ("earer ",)))
_BEFORE_UNDERSCORE = ("fm1a", "fm1r", "fm2", "fo1", "fd1", "ghp", "gho", "ghu", "ghs", "ghr", "pat", "tk")


def holds_secret(text: str) -> bool:
    """Whether something in a text looks like a bearer secret."""
    return _is_marked(text) and SECRET.search(text) is not None


def _is_marked(text: str) -> bool:
    for letter, marks in _MARKS:
        if letter in text:
            for mark in marks:
                if mark in text:
                    return True
    return "_" in text and any(part.endswith(_BEFORE_UNDERSCORE) for part in text.split("_"))


def remove_secrets(text: str) -> tuple[str, int]:
    """A source record's text with each bearer secret replaced by its SHA-256, and how many there were."""
    if not holds_secret(text):
        return text, 0

    def fingerprint(match: re.Match[str]) -> str:
        return f"[removed secret sha256:{hashlib.sha256(match.group().encode()).hexdigest()}]"

    return SECRET.subn(fingerprint, text)
