"""Finds the names of people in texts, however they are written: in other letters, with other blanks, turned round, joined."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from investigations.redaction.letters import (
    WORD,
    fold_letter,
    fold_word,
    is_unspaced,
    spell_letters,
    split_letters,
)

# What stands between two words of one name, which is little, and no word.
_BETWEEN = re.compile(r"[\s.,_'’·・‧\-‐–]{0,6}")
MOST_WORDS = 6  # of a name
# Letters of a word that is looked for by itself, where it is written with a capital and in any letters; of one that is looked for
# within other words too; and of one that has no blanks around it, of which two are much.
SHORTEST_CAPITAL, SHORTEST_PART, SHORTEST_WITHIN, SHORTEST_UNSPACED = 2, 3, 4, 2
_HEAD = 2
_REMEMBERED = 50_000  # words
# What a mailbox of many is called (RFC 2142, and what is usual): within other words it is nobody's name.
_ROLES = {
    "abuse", "account", "accounts", "admin", "audit", "backup", "console", "contact", "daemon", "desk", "hello", "help",
    "hostmaster", "info", "mail", "mailer", "marketing", "news", "noreply", "office", "operator", "ops", "postmaster", "reply",
    "root", "sales", "security", "service", "services", "support", "system", "team", "test", "user", "webmaster",
}  # fmt: skip
Words = tuple[str, ...]


@dataclass(slots=True, eq=False)
class NameIndex:
    """The names that are looked for, by their first word. What stands for the name of two people is `ambiguous`, and neither."""

    ambiguous: str
    _known: dict[Words, str] = field(default_factory=dict)
    _whole: set[Words] = field(default_factory=set)
    _by_first: dict[str, list[Words]] = field(default_factory=dict)
    _within: dict[str, list[int]] = field(
        default_factory=dict
    )  # lengths of parts, by how they begin, the longest first
    _parts: set[str] = field(default_factory=set)
    _plain: set[str] = field(default_factory=set)  # words in which no part stands, for most words come again
    _capitals: set[Words] = field(default_factory=set)  # so short that they are names with a capital alone

    def learn(self, name: str, substitute: str, *, has_parts: bool = False) -> None:
        """Look for a name: its words in a row, with a comma in the other order, and written as one. With `has_parts` each of its
        words is looked for by itself too, as of a name by which people call one another."""
        for spelled in spell_letters(name):
            words = read_words(spelled)
            if not 0 < len(words) <= MOST_WORDS or not any(map(_has_letter, words)):
                return
            whole = dict.fromkeys((words, (words[-1], *words[:-1]), ("".join(words),)))
            for each in whole:
                self._add(each, substitute)
            self._whole.update(whole)
            if len(words) > 1:
                self._add_within("".join(words))
            elif is_unspaced(words[0]):
                self._add_within(words[0])
        if has_parts:
            self._learn_parts(name, substitute)

    def knows(self, name: str) -> bool:
        """Whether somebody, or more than one, is called so as a whole."""
        return read_words(name) in self._whole

    def is_ambiguous(self, name: str) -> bool:
        """Whether two people are called so."""
        return self._known.get(read_words(name)) == self.ambiguous

    def _learn_parts(self, name: str, substitute: str) -> None:
        for written in (match.group() for match in WORD.finditer(name)):
            if any(map(str.isdigit, written)) or not _has_letter(written):
                continue
            for word in map(fold_word, spell_letters(written)):
                if is_unspaced(word):
                    for part in (word, *_split_unspaced(word)):
                        self._learn_part(part, substitute, SHORTEST_UNSPACED)
                elif len(word) == SHORTEST_CAPITAL and written[0].isupper():
                    self._add((word,), substitute, is_capital=True)
                else:
                    self._learn_part(word, substitute, SHORTEST_PART)

    def _learn_part(self, part: str, substitute: str, shortest: int) -> None:
        if len(part) >= shortest:
            self._add((part,), substitute)
            self._add_within(part)

    def _add(self, words: Words, substitute: str, *, is_capital: bool = False) -> None:
        known = self._known.get(words)
        if known is None:
            rows = self._by_first.setdefault(words[0], [])
            rows.append(words)
            rows.sort(key=len, reverse=True)
        if not is_capital:
            self._capitals.discard(words)
        elif known is None:
            self._capitals.add(words)
        self._known[words] = substitute if known in (None, substitute) else self.ambiguous

    def _add_within(self, part: str) -> None:
        """Look for a word within others too."""
        least = SHORTEST_UNSPACED if is_unspaced(part) else SHORTEST_WITHIN
        if len(part) < least or part in self._parts or part in _ROLES:
            return
        self._parts.add(part)
        self._plain.clear()
        lengths = self._within.setdefault(part[:_HEAD], [])
        if len(part) not in lengths:
            lengths.append(len(part))
            lengths.sort(reverse=True)

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
        spans = [match.span() for match in WORD.finditer(text)]
        words = [fold_word(text[start:stop]) for start, stop in spans]
        place = 0
        while place < len(spans):
            name = self._match(text, spans, words, place)
            if name:
                last = place + len(name) - 1
                yield spans[place][0], spans[last][1], self._known[name]
                place = last
            else:
                start = spans[place][0]
                for first, last, substitute in self._find_within(text[start : spans[place][1]], words[place]):
                    yield start + first, start + last, substitute
            place += 1

    def _match(self, text: str, spans: Sequence[tuple[int, int]], words: Sequence[str], place: int) -> Words:
        """The longest name whose words begin at a place; none where there is none."""
        for name in self._by_first.get(words[place], ()):
            stop = place + len(name)
            if tuple(words[place:stop]) != name or not _is_together(text, spans[place:stop]):
                continue
            if name not in self._capitals or text[spans[place][0]].isupper():
                return name
        return ()

    def _find_within(self, word: str, folded: str) -> list[tuple[int, int, str]]:
        """Parts of names within a word that is none: where each begins and ends in the word, marks and all."""
        matches, place = [], 0
        if folded in self._plain:
            return []
        while place <= len(folded) - _HEAD:
            lengths = self._within.get(folded[place : place + _HEAD], ())
            length = next((each for each in lengths if folded[place : place + each] in self._parts), 0)
            if length:
                matches.append((place, place + length, self._known[(folded[place : place + length],)]))
            place += length or 1
        if not matches:
            if len(self._plain) < _REMEMBERED:
                self._plain.add(folded)
            return []
        starts, stops = _map_places(word)
        return [(starts[first], stops[last - 1], substitute) for first, last, substitute in matches]


def _map_places(word: str) -> tuple[list[int], list[int]]:
    """Where in a word the letter begins that each character of its folded form comes from, and where it ends, with its marks: a
    vowel sign means nothing without its letter."""
    starts: list[int] = []
    stops: list[int] = []
    place = 0
    for letter in split_letters(word):
        count = len(fold_letter(letter))
        starts += [place] * count
        place += len(letter)
        stops += [place] * count
    return starts, stops


def _split_unspaced(word: str) -> tuple[str, ...]:
    """Surname and given name as they are divided as a rule, where three or four characters are one name in Han or Hangul."""
    if not all("\u3400" <= each <= "\u9fff" or "\uac00" <= each <= "\ud7a3" for each in word):
        return ()
    return {3: (word[1:],), 4: (word[:2], word[2:])}.get(len(word), ())


def _is_together(text: str, spans: Sequence[tuple[int, int]]) -> bool:
    return all(_BETWEEN.fullmatch(text, before[1], after[0]) for before, after in pairwise(spans))


def read_words(name: str) -> Words:
    """The words of a name as they are compared."""
    return tuple(filter(None, (fold_word(match.group()) for match in WORD.finditer(name))))


def _has_letter(word: str) -> bool:
    return any(map(str.isalpha, word))
