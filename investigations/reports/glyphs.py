"""Says which characters the typefaces of a PDF have, and spells out the others, which PDF/A does not allow without a shape."""

import re
import unicodedata
from functools import cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
_RIGHT_TO_LEFT = {"R", "AL", "AN"}
_ISOLATE, _POP = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
_BREAK = "\N{ZERO WIDTH SPACE}"
# A word of more characters may be broken anywhere: it would not fit on a line.
_LONG_WORD = re.compile(r"\S{66,}")


@cache
def _read_missing() -> re.Pattern[str]:
    ranges = (row.split("-") for row in (FONTS / "glyphs.txt").read_text().split())
    shown = "".join(f"{re.escape(chr(int(first, 16)))}-{re.escape(chr(int(last, 16)))}" for first, last in ranges)
    return re.compile(f"[^\n{shown}]")


def spell_missing(text: str) -> str:
    """The text in characters that can be drawn, others as their number: ⟨U+4E2D⟩."""
    return _read_missing().sub(lambda match: f"⟨U+{ord(match.group()):04X}⟩", text.replace("\t", "    "))


def fit_to_glyphs(text: str) -> str:
    """The same for a text that is broken into lines: a long word anywhere. What is written from the right stays in its place."""
    text = _LONG_WORD.sub(lambda match: _BREAK.join(match.group()), spell_missing(text))
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        return f"{_ISOLATE}{text}{_POP}"
    return text


def fit_to_latin(text: str) -> str:
    """The text in characters of Latin-1 alone."""
    return re.sub("[^\n -~\xa1-\xac\xae-\xff]", lambda match: f"[U+{ord(match.group()):04X}]", text)
