"""Says which characters of a text are letters that belong together, and which letters are alike, whatever the script."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# Python's \w has no marks, which are vowels and accents within a word; and nobody sees what joins or parts letters without width.
_MARK_PLANES = (range(0x300, 0x20000), range(0xE0100, 0xE01F0))
_UNSEEN = "\u00ad\u034f\u200b\u200c\u200d\u2060\ufeff"
MARKS = frozenset(
    chr(code) for plane in _MARK_PLANES for code in plane if unicodedata.category(chr(code)).startswith("M")
) | frozenset(_UNSEEN)
# Jamo that go on with the syllable before them.
_JAMO = frozenset(map(chr, (*range(0x1160, 0x1200), *range(0xD7B0, 0xD800 - 4))))
# Scripts that set no blank between two words, or put endings on a name without one: Thai, Lao, Myanmar, Khmer, kana, Han, Hangul.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u9fff\uac00-\ud7ff"
    r"\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)
# Letters that are others with a stroke, which Unicode does not take apart.
_STROKES = str.maketrans("ıłøđðħŧɨ", "iloddhti")


def _write_ranges(characters: frozenset[str]) -> str:
    """A class of characters as a regular expression has it, as few ranges."""
    codes, parts = sorted(map(ord, characters)), list[list[int]]()
    for code in codes:
        if parts and code == parts[-1][1] + 1:
            parts[-1][1] = code
        else:
            parts.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in parts)


# How German and the Scandinavian languages write letters that are not at hand.
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_DIGRAPH = re.compile("(?<=[a-z])([aou])e(?=[a-z]{2})")
# A word: letters, digits and the marks on them.
WORD = re.compile(f"[^\\W_](?:[^\\W_]|[{_write_ranges(MARKS)}])*")


def is_unspaced(text: str) -> bool:
    """Whether a text is of a script in which a name may stand within what looks like one word."""
    return _UNSPACED.search(text) is not None


def goes_on(character: str) -> bool:
    """Whether a word that stands before this character (or before the empty text) goes on with it."""
    return character.isalnum() or character in MARKS


def split_letters(word: str) -> Iterator[str]:
    """Each letter of a word with the marks on it."""
    start = 0
    for place in range(1, len(word)):
        if word[place] not in MARKS and word[place] not in _JAMO:
            yield word[start:place]
            start = place
    if word:
        yield word[start:]


@lru_cache(maxsize=50_000)
def fold_word(word: str) -> str:
    """A word in small letters without accents; its vowel signs stay, and so does every syllable of Hangul."""
    return word.lower() if word.isascii() else "".join(map(fold_letter, split_letters(word)))


@lru_cache(maxsize=50_000)
def fold_letter(letter: str) -> str:
    """A letter with its marks as it is compared; it may be more than one, or none where nothing of it is seen."""
    parts = unicodedata.normalize("NFKD", letter.casefold())
    bare = "".join(each for each in parts if not unicodedata.combining(each) and each not in _UNSEEN)
    return unicodedata.normalize("NFC", bare).translate(_STROKES)


def spell_letters(name: str) -> tuple[str, ...]:
    """A name as it is, and with an umlaut in two letters or in one where it has such."""
    small = unicodedata.normalize("NFC", name).casefold()
    spelled = small.translate(_SPELLED), _DIGRAPH.sub(r"\1", small)
    return name, *dict.fromkeys(each for each in spelled if each != small)
