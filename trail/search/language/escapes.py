"""Writes values as a query and an address have them, quoted and with what nobody would see spelled out, and reads them back.

`\\u202e` stands for one character by its number, as in Lucene: so a line break, a control or an override of direction can be
typed and seen, and a text field does not change it.
"""

import re

# Controls, zero-width characters, and those that change the direction of what follows (UAX #9).
_UNSEEN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\xad\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]")
# Halves of characters (surrogates) are no characters, and NUL is in no query, so there is no escape for them.
_ESCAPE = re.compile(r"\\(?:u(?!0000|[dD][89a-fA-F])([0-9a-fA-F]{4})|(.))", re.DOTALL)
_NUMBERED = re.compile(r"\\u(?!0000|[dD][89a-fA-F])([0-9a-fA-F]{4})")
_LITERAL_ESCAPE = re.compile(r"\\(?=u[0-9a-fA-F]{4})")
_SPACES_AT_ENDS = re.compile("^ +| +$")
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@/-]*")
_OPERATORS = frozenset({"AND", "OR", "NOT", "TO"})


def quote(value: str) -> str:
    """A value as a query has it: as it stands where that is safe, else in quotes."""
    if _PLAIN.fullmatch(value) and value not in _OPERATORS:
        return value
    return '"' + spell_out(value.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def spell_out(text: str) -> str:
    """A text that is escaped already, with what nobody would see in it as `\\uXXXX`."""
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def unescape(text: str) -> str:
    """What an escaped text means."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else match[2], text)


def unescape_pattern(pattern: str) -> str:
    """The same for `\\uXXXX` alone: the engine reads the other escapes of a pattern itself."""

    def character(match: re.Match[str]) -> str:
        if not match[1]:
            return match[0]
        meant = chr(int(match[1], 16))
        return f"\\{meant}" if meant in "*?\\" else meant

    return _ESCAPE.sub(character, pattern)


def as_line(value: str) -> str:
    """A value on one line of a form: as it stands, but for what nobody would see, spaces at its ends included."""
    text = spell_out(_LITERAL_ESCAPE.sub(r"\\u005c", value))
    return _SPACES_AT_ENDS.sub(lambda match: "\\u0020" * len(match[0]), text)


def from_line(line: str) -> str:
    """The inverse of as_line."""
    return _NUMBERED.sub(lambda match: chr(int(match[1], 16)), line.strip(" \t"))
