"""Writes CSV (RFC 4180) that a spreadsheet opens without running what an intruder wrote into a cell.

The rules of what begins a formula are OWASP's on CSV injection.
"""

import csv
import re
from collections.abc import Iterable, Iterator

# What a spreadsheet takes for the beginning of a formula; within a text too, for some part the cells at a semicolon or a
# tab, whatever stands in quotes.
_FORMULA = re.compile(r"^(?=[\t\r\n])|^ *(?=[=+\-@＝＋－＠])|[;\t\r\n]\s*(?=[=+\-@＝＋－＠])")
# Events say the same things again and again, so the first short values are remembered with their defused text.
REMEMBERED, SHORT = 20_000, 200


def defuse_formula(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would calculate."""
    return _FORMULA.sub(r"\g<0>'", text)


def build_csv_lines(header: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[bytes]:
    """The header as it is, then each row with every cell defused: a record each, in UTF-8, that ends with CRLF."""
    write = csv.writer(_Encoder(), lineterminator="\r\n").writerow
    defuse = _Defused().__getitem__
    yield write(header)  # what _Encoder.write gives back
    for row in rows:
        yield write(map(defuse, row))


class _Encoder:
    """Gives back what the standard writer would put into a file."""

    def write(self, record: str) -> bytes:
        return record.encode()


class _Defused(dict[str, str]):
    """Each text's defused form."""

    def __missing__(self, text: str) -> str:
        defused = defuse_formula(text)
        if len(self) < REMEMBERED and len(text) < SHORT:
            self[text] = defused
        return defused
