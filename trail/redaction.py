"""Finds what looks like a bearer secret in a text, and removes it."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

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


# What each is called, by how it begins.
_KINDS = (
    (("fm1", "fm2", "fo1", "fd1", "MDA"), "macaroon"),
    (("eyJ",), "JSON Web Token"),
    (("Bearer", "bearer"), "bearer header"),
    (("gh", "github_pat_"), "GitHub token"),
    (("xox",), "Slack token"),
    (("tk_",), "writer key"),
    (("IQoJ", "FwoG", "FQoG"), "AWS session token"),
)
# A macaroon's first packet (libmacaroons, version 1): four hexadecimal digits of its length, and the name of its field.
_FIRST_PACKET = re.compile(rb"00[0-9a-f]{2}(?:location|identifi|cl |vid |signatu)")


# So often what only begins like a secret is looked into for one that begins within it; after that it is taken for one, so that a
# text of nothing but beginnings costs no more than others.
_LOOKED_INTO = 16


def holds_secret(text: str) -> bool:
    """Whether something in a text is a bearer secret, by its form."""
    return find_secret(text) is not None


def find_secret(text: str) -> int | None:
    """Where the first bearer secret of a text begins; None where it holds none."""
    return next((match.start() for match in _find_secrets(text)), None)


def _find_secrets(text: str) -> Iterator[re.Match[str]]:
    if not _is_marked(text):
        return
    place = looked_into = 0
    while match := SECRET.search(text, place):
        if _is_secret(match.group()):
            yield match
        elif _is_marked(match.group()[1:]):
            looked_into += 1
            if looked_into <= _LOOKED_INTO:
                place = match.start() + 1
                continue
            yield match
        place = match.end()


def _is_secret(text: str) -> bool:
    """Whether what begins like a secret has the form of one: any base64 may begin as a macaroon or a JSON Web Token does."""
    if text.startswith("MDA"):
        return _FIRST_PACKET.match(_decode(text[:16])) is not None
    if text.startswith("eyJ"):
        try:
            return isinstance(json.loads(_decode(text.partition(".")[0])), dict)
        except RecursionError:  # nobody made that by accident
            return True
        except ValueError:
            return False
    return True


def _decode(text: str) -> bytes:
    """Base64 of either alphabet; empty where it is none."""
    try:
        return base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _is_marked(text: str) -> bool:
    for letter, marks in _MARKS:
        if letter in text:
            for mark in marks:
                if mark in text:
                    return True
    return "_" in text and any(part.endswith(_BEFORE_UNDERSCORE) for part in text.split("_"))


def remove_secrets(text: str) -> tuple[str, int]:
    """A source record's text with each bearer secret replaced by its SHA-256, and how many there were."""
    parts, place, count = list[str](), 0, 0
    for match in _find_secrets(text):
        digest = hashlib.sha256(match.group().encode()).hexdigest()
        parts += (text[place : match.start()], f"[removed secret sha256:{digest}]")
        place, count = match.end(), count + 1
    return ("".join((*parts, text[place:])), count) if count else (text, 0)


def describe_secrets(value: Any) -> list[str]:
    """Where in a record bearer secrets stand, and what each is: `["headers.Authorization: bearer header"]`, none with a secret
    in it. A place within a list is that list's."""
    described: dict[str, None] = {}
    waiting: list[tuple[str, Any]] = [("", value)]
    for path, inner in waiting:  # which grows as it is walked
        if isinstance(inner, dict):
            waiting += [(f"{path}.{name}".lstrip("."), part) for name, part in inner.items()]
            inner = " ".join(inner)
        elif isinstance(inner, list):
            waiting += [(path, part) for part in inner]
        if isinstance(inner, str) and (kinds := {_name_kind(match.group()) for match in _find_secrets(inner)}):
            described |= dict.fromkeys(f"{remove_secrets(path)[0] or 'a name'}: {kind}" for kind in sorted(kinds))
    return list(described)


def _name_kind(text: str) -> str:
    return next((kind for beginnings, kind in _KINDS if text.startswith(beginnings)), "secret")
