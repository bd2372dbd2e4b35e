"""Finds the names of people in texts, however they are written: in other letters, with other blanks, turned round, joined."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

# The words of a text; what stands between two words of one name, which is little, and no word.
_WORD = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[\s.,_'’·\-]{0,6}")
# A word of a name that is looked for by itself has so many letters; and a name so many words.
SHORTEST_PART, MOST_WORDS = 3, 6
Words = tuple[str, ...]


@dataclass(slots=True, eq=False)
class NameIndex:
    """The names that are looked for, by their first word."""

    _by_first: dict[str, list[tuple[Words, str]]] = field(default_factory=dict)
    _known: set[Words] = field(default_factory=set)

    def learn(self, name: str, substitute: str, *, has_parts: bool = False) -> None:
        """Look for a name: its words in a row, with a comma in the other order, and written as one. With `has_parts` each of its
        words is looked for by itself too, as of a name by which people call one another."""
        words = _read_words(name)
        if not 0 < len(words) <= MOST_WORDS or not any(map(_has_letter, words)):
            return
        self._add(words, substitute)
        if len(words) > 1:
            self._add((words[-1], *words[:-1]), substitute)
            self._add(("".join(words),), substitute)
        if has_parts:
            for word in words:
                if len(word) >= SHORTEST_PART and word.isalpha():
                    self._add((word,), substitute)

    def _add(self, words: Words, substitute: str) -> None:
        if words in self._known:
            return
        self._known.add(words)
        rows = self._by_first.setdefault(words[0], [])
        rows.append((words, substitute))
        rows.sort(key=lambda row: -len(row[0]))

    def replace(self, text: str) -> str:
        """The text without these names."""
        if not self._by_first:
            return text
        parts, end = [], 0
        for start, stop, substitute in self._find(text):
            parts += [text[end:start], substitute]
            end = stop
        return "".join([*parts, text[end:]])

    def _find(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Where names begin and end, and what stands for each; the longest of those that begin at one word."""
        spans = [match.span() for match in _WORD.finditer(text)]
        words = [_fold(text[start:stop]) for start, stop in spans]
        place = 0
        while place < len(spans):
            for name, substitute in self._by_first.get(words[place], ()):
                last = place + len(name) - 1
                if tuple(words[place : last + 1]) == name and _is_together(text, spans[place : last + 1]):
                    yield spans[place][0], spans[last][1], substitute
                    place = last
                    break
            place += 1


def _is_together(text: str, spans: Sequence[tuple[int, int]]) -> bool:
    return all(_BETWEEN.fullmatch(text, before[1], after[0]) for before, after in pairwise(spans))


def _read_words(name: str) -> Words:
    return tuple(_fold(match.group()) for match in _WORD.finditer(name))


@lru_cache(maxsize=50_000)
def _fold(word: str) -> str:
    """A word in small letters without accents."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


def _has_letter(word: str) -> bool:
    return any(map(str.isalpha, word))
