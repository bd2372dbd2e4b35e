"""Holds a report as it is written in every format: sections of paragraphs, tables, lists and one figure."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from core.forms import join_lines
from investigations.presentation.cells import make_visible

# How a piece of text looks: `bad`, `good` and `unclear` are verdicts, which have a form as well as a colour.
LOOKS = ("strong", "emphasis", "code", "struck", "quiet", "bad", "good", "unclear")


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A piece of one line of text, with what of LOOKS it has. Its invisible characters are spelled out."""

    text: str
    looks: tuple[str, ...] = ()


TextLine: TypeAlias = tuple[TextSpan, ...]
TableCell: TypeAlias = tuple[TextLine, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines of text that belong together. `look` is `lead` for the summary of it all, and `note` for what explains."""

    lines: tuple[TextLine, ...]
    look: str = ""


@dataclass(frozen=True, slots=True)
class Subheading:
    """The heading of a part of a section."""

    line: TextLine


@dataclass(frozen=True, slots=True)
class TextList:
    """A list; each of its items is made of blocks. `start` is the number of the first where it is numbered, else None."""

    items: tuple[tuple["Block", ...], ...]
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Quotation:
    """What somebody else said."""

    blocks: tuple["Block", ...]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text that stands as it is, line by line. `is_command` is of what the console itself says that somebody should run."""

    text: str
    is_command: bool = False


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """A column of a table. `share` is its part of the width, and 0 for one as wide as what stands in it."""

    title: str
    share: int = 0


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table; each row has as many cells as there are columns."""

    columns: tuple[ReportColumn, ...]
    rows: tuple[tuple[TableCell, ...], ...]


@dataclass(frozen=True, slots=True)
class ReportFigure:
    """A picture as SVG, what it shows for who cannot see it, and what stands below it."""

    svg: str
    label: str
    caption: TextLine


Block: TypeAlias = Paragraph | Subheading | TextList | Quotation | Verbatim | ReportTable | ReportFigure


@dataclass(frozen=True, slots=True)
class ReportSection:
    """One section of a report; `key` is that of SECTIONS."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report. `facts` stand under its title; `made_at` is the one time that it names as its own, to the second.

    `evidence` are the keys of the evidence that it shows, which no format writes.
    """

    title: str
    number: str
    case_id: str
    is_draft: bool
    made_by: str
    made_at: datetime
    facts: tuple[tuple[str, str], ...]
    sections: tuple[ReportSection, ...]
    evidence: tuple[int, ...] = ()

    @property
    def made_words(self) -> str:
        """By whom it was made, and when."""
        return f"Made by {self.made_by}, {self.made_at.day} {self.made_at:%b %Y, %H:%M:%S} UTC"

    @property
    def full_title(self) -> str:
        """Its title, which says so of a draft."""
        return f"DRAFT: {self.title}" if self.is_draft else self.title


def span(text: str, *looks: str) -> TextSpan:
    """A piece of text as it is shown: on one line, with its invisible characters spelled out."""
    return TextSpan(make_visible(" ".join(join_lines(text).split("\n"))), looks)


def line(text: str, *looks: str) -> TextLine:
    """A line of one piece."""
    return (span(text, *looks),)


def cell(text: str, *looks: str) -> TableCell:
    """A cell with the lines of a text."""
    return tuple(line(part, *looks) for part in join_lines(text).split("\n"))


def paragraph(text: str, look: str = "") -> Paragraph:
    """A paragraph of one line."""
    return Paragraph((line(text),), look)


def count_parts(block: Block) -> int:
    """How many parts a block is made of: itself, and the blocks and cells in it."""
    match block:
        case TextList():
            return 1 + sum(count_parts(each) for item in block.items for each in item)
        case Quotation():
            return 1 + sum(map(count_parts, block.blocks))
        case ReportTable():
            return 1 + (1 + len(block.rows)) * len(block.columns)
    return 1
