"""Writes the rows of a table as one text: a template would take a node and a look-up for every cell."""

from collections.abc import Iterable, Sequence

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString


def write_rows(rows: Iterable[Sequence[str]], looks: Sequence[str]) -> SafeString:
    """The rows of a table's body; `looks` are the classes of its columns. What is not safe already is escaped."""
    heads = [f'<td class="{look}">' if look else "<td>" for look in looks]
    return SafeString("".join(f"<tr>{_write_cells(heads, row)}</tr>" for row in rows))


def _write_cells(heads: Sequence[str], row: Sequence[str]) -> str:
    return "".join(f"{head}{conditional_escape(cell)}</td>" for head, cell in zip(heads, row, strict=True))
