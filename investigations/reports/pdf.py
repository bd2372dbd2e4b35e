"""Writes a report as PDF/A-2b: typst is given every value as data, in a process of its own with an end to its time and memory."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

from investigations.reports.errors import NotTypeset
from investigations.reports.glyphs import (
    FONTS,
    fit_to_glyphs,
    fit_to_latin,
    fit_without_marks,
    spell_marks,
    spell_missing,
)
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
    Verbatim,
)

SECONDS = 60
LONG_LINES, LONG_TEXT = 12, 600  # of a cell; a line of the narrowest column holds a dozen characters
TYPST_PROBLEM = 3
_FOLDER = Path(__file__).parent
Fit = Callable[[str], str]
_DRAWN: dict[Fit, Fit] = {fit_to_latin: fit_to_latin, fit_without_marks: spell_marks}


def write_pdf(report: Report) -> bytes:
    """The file. The same report gives the same bytes. Raises NotTypeset."""
    return typeset(report, "pdf")


def typeset(report: Report, format: str) -> bytes:
    """A PDF, or as `png` its pages as a JSON list of pictures in hexadecimal. Raises NotTypeset."""
    for fit in (fit_to_glyphs, fit_without_marks, fit_to_latin):
        status, content, problem = _run(report, format, fit)
        if status != TYPST_PROBLEM:  # which is that two characters have no joined shape in any typeface
            break
    if status:
        raise NotTypeset(f"The PDF could not be made: {problem or 'it is too large'}. Choose fewer sections, or HTML.")
    return content


def _run(report: Report, format: str, fit: Fit) -> tuple[int, bytes, str]:
    """The status of the program, what it wrote, and the problem where there is one."""
    job = {
        "source": _read_source(),
        "data": build_data(report, fit),
        "fonts": str(FONTS),
        "format": format,
        "made_at": int(report.made_at.timestamp()),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_FOLDER / "typesetter.py")],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotTypeset(f"The PDF took longer than {SECONDS} seconds. Choose fewer sections, or HTML.") from error
    return (
        done.returncode,
        done.stdout,
        done.stderr.decode(errors="replace")[:300] if done.returncode == TYPST_PROBLEM else "",
    )


@cache
def _read_source() -> str:
    return (_FOLDER / "report.typ").read_text()


def build_data(report: Report, fit: Fit) -> dict[str, Any]:
    """The report as what `report.typ` reads; every text in characters that can be drawn."""
    made_at = report.made_at.astimezone(UTC)
    return {
        "title": fit(report.title),
        "full_title": fit(report.full_title),
        "number": fit(report.number),
        "case": fit(report.case_id),
        "draft": report.is_draft,
        "made": fit(report.made_words),
        "author": fit(report.made_by),
        "date": [made_at.year, made_at.month, made_at.day, made_at.hour, made_at.minute, made_at.second],
        "facts": [[fit(name), fit(value)] for name, value in report.facts],
        "sections": [
            {"title": fit(each.title), "blocks": [_build_block(block, fit) for block in each.blocks]}
            for each in report.sections
        ],
    }


def _build_block(block: Block, fit: Fit) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"kind": "paragraph", "look": block.look, "lines": [_build_line(each, fit) for each in block.lines]}
        case Subheading():
            return {"kind": "subheading", "line": _build_line(block.line, fit)}
        case TextList():
            items = [[_build_block(each, fit) for each in item] for item in block.items]
            return {"kind": "list", "start": block.start, "items": items}
        case Quotation():
            return {"kind": "quotation", "blocks": [_build_block(each, fit) for each in block.blocks]}
        case Verbatim():
            return {"kind": "verbatim", "text": fit(block.text)}
        case ReportTable():
            return _build_table(block, fit)
        case ReportFigure():
            caption = _build_line(block.caption, fit)
            # A break in a long word is for text alone: it would be a mistake in the numbers of a picture.
            draw = _DRAWN.get(fit, spell_missing)
            return {"kind": "figure", "svg": draw(block.svg), "label": fit(block.label), "caption": caption}


def _build_table(table: ReportTable, fit: Fit) -> dict[str, Any]:
    return {
        "kind": "table",
        "shares": [column.share for column in table.columns],
        "heads": [fit(column.title) for column in table.columns],
        "rows": [_build_row(row, fit) for row in table.rows],
    }


def _build_row(row: tuple[TableCell, ...], fit: Fit) -> dict[str, Any]:
    """A row stays on one page unless it is `long`: what is kept together and is longer than a page would be cut."""
    is_long = any(len(each) > LONG_LINES or sum(map(_measure, each)) > LONG_TEXT for each in row)
    return {"long": is_long, "cells": [[_build_line(part, fit) for part in each] for each in row]}


def _measure(line: TextLine) -> int:
    return sum(len(piece.text) for piece in line)


def _build_line(line: TextLine, fit: Fit) -> list[dict[str, Any]]:
    return [{"text": fit(piece.text), "looks": list(piece.looks)} for piece in line]
