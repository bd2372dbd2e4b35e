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
    """The text in characters that can be drawn, others as their number: ⟨U+E000⟩."""
    return _read_missing().sub(_spell, text.replace("\t", "    "))


def spell_marks(text: str) -> str:
    """The same with what is set upon another character as its number too: not every mark has a shape upon every letter."""
    return "".join(
        f"⟨U+{ord(each):04X}⟩" if unicodedata.category(each).startswith("M") else each for each in spell_missing(text)
    )


def _spell(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match.group()):04X}⟩"


def fit_to_glyphs(text: str) -> str:
    """The text as it can be drawn and broken into lines: a long word anywhere. What is written from the right stays in place."""
    return _fit(spell_missing(text))


def fit_without_marks(text: str) -> str:
    """The same without marks upon other characters."""
    return _fit(spell_marks(text))


def _fit(text: str) -> str:
    text = _LONG_WORD.sub(lambda match: _BREAK.join(match.group()), text)
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        return f"{_ISOLATE}{text}{_POP}"
    return text


def fit_to_latin(text: str) -> str:
    """The text in characters of Latin-1 alone."""
    return re.sub("[^\n -~\xa1-\xac\xae-\xff]", lambda match: f"[U+{ord(match.group()):04X}]", text)
