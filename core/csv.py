"""Writes CSV (RFC 4180) that a spreadsheet opens without running what an intruder wrote into a cell.

The rules of what begins a formula are OWASP's on CSV injection.
"""

import re
from collections.abc import Iterable, Iterator

# What a spreadsheet takes for the beginning of a formula; within a text too, for some part the cells at a semicolon or a
# tab, whatever stands in quotes.
_BEGINNING = re.compile(r"^(?=[\t\r\n])|^ *(?=[=+\-@＝＋－＠])")
_INSIDE = re.compile(r"[;\t\r\n]\s*(?=[=+\-@＝＋－＠])")
_FIRST = frozenset("\t\r\n =+-@＝＋－＠")
# Events say the same things again and again, so short values are remembered as they stand in a file, and all of them are
# forgotten at once where they are too many: most that stand once, an event's id or digest, would keep out what repeats.
REMEMBERED, SHORT = 20_000, 200


def defuse_formula(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would calculate."""
    if (
        ";" in text or "\t" in text or "\r" in text or "\n" in text
    ):  # far cheaper than an expression that does not match
        text = _INSIDE.sub(r"\g<0>'", text)
    return _BEGINNING.sub(r"\g<0>'", text) if text[:1] in _FIRST else text


def build_csv_lines(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """The header as it is, then each row with every cell defused: a record each, in UTF-8, that ends with CRLF."""
    yield _build_record(map(_quote, header))
    write = _Written().__getitem__
    for row in rows:
        yield _build_record(map(write, row))


def _build_record(cells: Iterable[str]) -> bytes:
    record = ",".join(cells) or '""'  # else the record of one empty cell would be an empty line, which readers skip
    return f"{record}\r\n".encode()


def _quote(text: str) -> str:
    if "," in text or '"' in text or "\r" in text or "\n" in text:
        return f'"{text.replace(chr(34), chr(34) * 2)}"'
    return text


class _Written(dict[str, str]):
    """Each text as it stands in a file: defused, and in quotes where it needs them."""

    def __missing__(self, text: str) -> str:
        written = _quote(defuse_formula(text))
        if len(text) < SHORT:
            if len(self) >= REMEMBERED:
                self.clear()
            self[text] = written
        return written
