"""What stands in a report, and in its files, so that the one can be looked for in the others."""

import io
import re
from collections.abc import Iterator

from pypdf import PdfReader
from selectolax.lexbor import LexborHTMLParser

from investigations.reports.structure import (
    Block,
    Paragraph,
    Quotation,
    Report,
    ReportFigure,
    ReportTable,
    Subheading,
    TextList,
    Verbatim,
)

# What lays a text out: blanks, breaks, isolates, and Markdown's own signs.
_LAYOUT = re.compile(r"<br>|[\s\\`*~>\u200b\u2066-\u2069]")


def list_text(report: Report) -> Iterator[str]:
    """Every piece of text of a report, in order."""
    yield from (report.title, report.made_words)
    for name, value in report.facts:
        yield from (name, value)
    for section in report.sections:
        yield section.title
        yield from _of(section.blocks)


def _of(blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph():
                yield from (piece.text for line in block.lines for piece in line)
            case Subheading():
                yield from (piece.text for piece in block.line)
            case TextList():
                for item in block.items:
                    yield from _of(item)
            case Quotation():
                yield from _of(block.blocks)
            case Verbatim():
                yield block.text
            case ReportTable():
                yield from (column.title for column in block.columns)
                yield from (piece.text for row in block.rows for cell in row for line in cell for piece in line)
            case ReportFigure():
                yield block.label


def squeeze(text: str) -> str:
    """A text without what lays it out."""
    return _LAYOUT.sub("", text)


def read_pdf(content: bytes) -> str:
    """The text of a PDF."""
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def read_html(content: bytes) -> str:
    """The text of a page, with what its pictures are called."""
    page = LexborHTMLParser(content)
    labels = " ".join(picture.attributes.get("aria-label") or "" for picture in page.css("svg"))
    for element in page.css("style"):
        element.decompose()
    return f"{page.body.text(deep=True) if page.body else ''} {labels}"
