"""Redacts the texts of a report, and of its picture the words: how a text looks and what is drawn stay as they are."""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from html import escape, unescape

from investigations.presentation.lifeline.spans import LaneSpan
from investigations.redaction.redactor import Redactor
from investigations.reports.structure import (
    Block,
    Paragraph,
    Quotation,
    Report,
    ReportColumn,
    ReportFigure,
    ReportSection,
    ReportTable,
    Subheading,
    TextLine,
    TextList,
    Verbatim,
)
from investigations.timeline.spans import CountedSpans
from trail.documents import get

# What a picture says: between its tags, and as its label.
_WORDS = re.compile(r'(?<=>)[^<>]+(?=<)|(?<= aria-label=")[^"]*(?=")')


def redact_report(report: Report, redactor: Redactor) -> Report:
    """The report without what a profile takes out. Titles of sections and names of facts are the console's own."""
    return replace(
        report,
        title=redactor.redact_text(report.title),
        made_by=redactor.redact_text(report.made_by),
        facts=tuple((name, redactor.redact_text(value)) for name, value in report.facts),
        sections=tuple(_redact_section(section, redactor) for section in report.sections),
    )


def redact_spans(
    counted: CountedSpans, events: Iterable[dict[str, object]], field: str, redactor: Redactor
) -> CountedSpans:
    """Lives and sessions in lanes of a field, which were collected from these events before they were redacted: all tokens that
    are masked are called the same, and what is collected then would be one life of many."""
    tokens = {str(get(event, "token.id")) for event in events}

    def redact(span: LaneSpan) -> LaneSpan:
        is_token = span.kind == "lifetime" or span.name in tokens
        name = redactor.redact_value("token.id", span.name) if is_token else redactor.redact_text(span.name)
        return replace(span, lane=redactor.redact_value(field, span.lane), name=name)

    return replace(counted, spans=tuple(map(redact, counted.spans)))


def _redact_section(section: ReportSection, redactor: Redactor) -> ReportSection:
    return replace(section, blocks=tuple(_redact_block(block, redactor) for block in section.blocks))


def _redact_block(block: Block, redactor: Redactor) -> Block:
    match block:
        case Paragraph():
            return replace(block, lines=_redact_lines(block.lines, redactor))
        case Subheading():
            return Subheading(_redact_line(block.line, redactor))
        case TextList():
            return replace(block, items=tuple(_redact_blocks(item, redactor) for item in block.items))
        case Quotation():
            return Quotation(_redact_blocks(block.blocks, redactor))
        case Verbatim():
            return block if block.is_command else replace(block, text=redactor.redact_text(block.text))
        case ReportTable():
            columns = (ReportColumn(redactor.redact_text(each.title), each.share) for each in block.columns)
            rows = (tuple(_redact_lines(cell, redactor) for cell in row) for row in block.rows)
            return ReportTable(tuple(columns), tuple(rows))
        case ReportFigure():
            caption = _redact_line(block.caption, redactor)
            svg = _WORDS.sub(partial(_redact_words, redactor=redactor), block.svg)
            return ReportFigure(svg, redactor.redact_text(block.label), caption)


def _redact_blocks(blocks: Iterable[Block], redactor: Redactor) -> tuple[Block, ...]:
    return tuple(_redact_block(block, redactor) for block in blocks)


def _redact_lines(lines: Iterable[TextLine], redactor: Redactor) -> tuple[TextLine, ...]:
    return tuple(_redact_line(line, redactor) for line in lines)


def _redact_line(line: TextLine, redactor: Redactor) -> TextLine:
    return tuple(replace(span, text=redactor.redact_text(span.text)) for span in line)


def _redact_words(match: re.Match[str], redactor: Redactor) -> str:
    return escape(redactor.redact_text(unescape(match.group())))
