"""Writes a report as Markdown (CommonMark with tables), in which no value is more than text."""

import re
from collections.abc import Iterable, Iterator

from investigations.reports.structure import (
    Block,
    Paragraph,
    Quotation,
    Report,
    ReportFigure,
    ReportTable,
    Subheading,
    TableCell,
    TextLine,
    TextList,
    TextSpan,
    Verbatim,
)

# What means something to Markdown wherever it stands or becomes an address, and what does at the beginning of a line.
_ANYWHERE = re.compile(r"[\\`*\[\]<>|~&$@]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=//)|(?<=www)\.")
_AT_START = re.compile(r"^(\s*)([#+\-=]|[0-9]+(?=[.)]))")
_LOOKS = {"strong": "**", "emphasis": "*", "struck": "~~"}


def write_markdown(report: Report) -> bytes:
    """The file. The picture is told in its words."""
    return ("\n\n".join(_write_report(report)) + "\n").encode("utf-8", "replace")


def _write_report(report: Report) -> Iterator[str]:
    yield f"# {_escape(report.full_title)}"
    yield f"Case report. Confidential. {_escape(report.made_words)}"
    if report.is_draft:
        yield "**This is a draft.**"
    yield "\n".join(f"- {_escape(name)}: {_escape(value)}" for name, value in report.facts)
    for section in report.sections:
        yield f"## {_escape(section.title)}"
        yield from _write_blocks(section.blocks)


def _write_blocks(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph():
                yield "  \n".join(map(_write_line, block.lines))
            case Subheading():
                yield f"### {_write_line(block.line)}"
            case TextList():
                yield "\n".join(_write_items(block))
            case Quotation():
                yield _indent("\n\n".join(_write_blocks(block.blocks)), "> ")
            case Verbatim():
                fence = _fence(block.text, 3)
                yield f"{fence}\n{block.text}\n{fence}"
            case ReportTable():
                yield "\n".join(_write_table(block))
            case ReportFigure():
                yield f"*{_escape(block.label)}*"


def _write_items(block: TextList) -> Iterator[str]:
    for number, item in enumerate(block.items, block.start or 0):
        sign = "- " if block.start is None else f"{number}. "
        text = "\n\n".join(_write_blocks(item))
        yield f"{sign}{_indent(text, ' ' * len(sign)).lstrip()}"


def _indent(text: str, sign: str) -> str:
    return "\n".join(f"{sign}{row}".rstrip() for row in text.split("\n"))


def _write_table(table: ReportTable) -> Iterator[str]:
    yield f"| {' | '.join(_escape(column.title) for column in table.columns)} |"
    yield f"|{' --- |' * len(table.columns)}"
    for row in table.rows:
        yield f"| {' | '.join(map(_write_cell, row))} |"


def _write_cell(cell: TableCell) -> str:
    # A bar ends the cell even within code, and a backslash before it is taken away there too.
    return "<br>".join("".join(_write_span(span, bar="\\|") for span in line) for line in cell)


def _write_line(line: TextLine) -> str:
    return "".join(map(_write_span, line))


def _write_span(span: TextSpan, bar: str = "|") -> str:
    """A piece of text; its signs stand only where no blank parts them from it."""
    if not span.text.strip():
        return span.text
    text = _write_code(span.text).replace("|", bar) if "code" in span.looks else _escape(span.text)
    if span.text == span.text.strip():
        for look in span.looks:
            sign = _LOOKS.get(look, "")
            text = f"{sign}{text}{sign}"
    return text


def _write_code(text: str) -> str:
    fence = _fence(text, 1)
    blank = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def _escape(text: str) -> str:
    """The text with what means something to Markdown taken its meaning from."""
    return _AT_START.sub(_escape_start, _ANYWHERE.sub(lambda match: f"\\{match.group()}", text))


def _escape_start(match: re.Match[str]) -> str:
    blank, sign = match.groups()
    return f"{blank}{sign}\\" if sign.isdigit() else f"{blank}\\{sign}"


def _fence(text: str, least: int) -> str:
    """More backticks than stand anywhere in the text."""
    return "`" * max(least, max(map(len, re.findall("`+", text)), default=0) + 1)
