"""Writes a report as HTML: the part that a page of the console shows, and a file that stands alone and asks nobody."""

import base64
import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString

from investigations.reports.figure import NAMESPACE
from investigations.reports.structure import (
    Block,
    Paragraph,
    Quotation,
    Report,
    ReportFigure,
    ReportSection,
    ReportTable,
    Subheading,
    TableCell,
    TextLine,
    TextList,
    TextSpan,
    Verbatim,
)

UNBROKEN = 48  # characters of a line that is not broken
_ELEMENTS = {"strong": "strong", "emphasis": "em", "code": "code", "struck": "s"}
# What a browser may do with the file, even if a value should ever get out of its place: draw, and ask nobody.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:"
_FONT = re.compile(r'url\("\.\./fonts/([\w-]+\.woff2)"\)')


def write_html(report: Report) -> bytes:
    """The file: its style and typefaces are in it, it holds no script, and it prints as pages of A4."""
    file = (
        '<!doctype html>\n<html lang="en" data-theme="light">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.full_title)}</title>\n<style>\n{_read_style()}\n</style>\n</head>\n"
        f'<body class="report-file">\n{render_report(report)}\n</body>\n</html>\n'
    )
    return file.encode("utf-8", "replace")


@cache
def _read_style() -> str:
    """The style sheets with the typefaces in them."""
    folder = Path(settings.BASE_DIR) / "static"
    sheets = (folder / "css" / name for name in ("palette.css", "report.css"))
    return _FONT.sub(
        lambda match: f'url("data:font/woff2;base64,{_encode(folder / "fonts" / match[1])}")',
        "\n".join(sheet.read_text() for sheet in sheets),
    )


def _encode(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def render_report(report: Report) -> SafeString:
    """The report as an article; every text in it is escaped."""
    draft = '<p class="report__draft">DRAFT</p>' if report.is_draft else ""
    kind = "Case report, draft" if report.is_draft else "Case report"
    facts = "".join(f"<div><dt>{escape(name)}</dt><dd>{_isolate(value)}</dd></div>" for name, value in report.facts)
    parts = (
        f'<article class="report">{draft}<header class="report__head"><b>Audit Console</b>'
        f"<span>{'<strong>DRAFT</strong> ' if report.is_draft else ''}Confidential. {_isolate(report.made_words)}</span></header>"
        f'<p class="report__kind">{kind}</p><h1>{_isolate(report.title)}</h1><dl class="report__facts">{facts}</dl>',
        *map(_write_section, report.sections),
        "</article>",
    )
    return SafeString("\n".join(parts))


def _write_section(section: ReportSection) -> str:
    blocks = "\n".join(map(_write_block, section.blocks))
    return (
        f'<section aria-labelledby="report-{section.key}"><h2 id="report-{section.key}">{escape(section.title)}</h2>\n'
        f"{blocks}</section>"
    )


def _write_block(block: Block) -> str:
    match block:
        case Paragraph():
            look = f' class="report__{block.look}"' if block.look else ""
            return f"<p{look}>{_write_lines(block.lines)}</p>"
        case Subheading():
            return f"<h3>{_write_line(block.line)}</h3>"
        case TextList():
            element = "ul" if block.start is None else "ol"
            start = "" if block.start is None else f' start="{block.start}"'
            items = "".join(f"<li>{''.join(map(_write_block, item))}</li>" for item in block.items)
            return f"<{element}{start}>{items}</{element}>"
        case Quotation():
            return f"<blockquote>{''.join(map(_write_block, block.blocks))}</blockquote>"
        case Verbatim():
            return f"<pre>{escape(block.text)}</pre>"
        case ReportTable():
            return _write_table(block)
        case ReportFigure():
            drawing = block.svg.replace(NAMESPACE, "", 1)
            return f'<figure tabindex="0">{drawing}<figcaption>{_write_line(block.caption)}</figcaption></figure>'


def _write_table(table: ReportTable) -> str:
    narrow = [_is_narrow(table, place) for place in range(len(table.columns))]
    heads = "".join(f'<th scope="col">{escape(column.title)}</th>' for column in table.columns)
    rows = "\n".join(f"<tr>{''.join(map(_write_cell, row, narrow))}</tr>" for row in table.rows)
    return (
        f'<div class="report__table" tabindex="0" role="region" aria-label="Table"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>\n{rows}</tbody></table></div>"
    )


def _is_narrow(table: ReportTable, place: int) -> bool:
    """Whether a column is as wide as what stands in it, which is short enough for that."""
    lines = (line for row in table.rows for line in row[place])
    return not table.columns[place].share and all(sum(len(span.text) for span in line) <= UNBROKEN for line in lines)


def _write_cell(cell: TableCell, is_narrow: bool) -> str:
    look = ' class="report__narrow"' if is_narrow else ""
    return f"<td{look}>{_write_lines(cell)}</td>"


def _write_lines(lines: tuple[TextLine, ...]) -> str:
    return "<br>".join(map(_write_line, lines))


def _write_line(line: TextLine) -> str:
    return "".join(map(_write_span, line))


def _write_span(span: TextSpan) -> str:
    text = _isolate(span.text)
    for look in span.looks:
        element = _ELEMENTS.get(look)
        text = f"<{element}>{text}</{element}>" if element else f'<span class="report__{look}">{text}</span>'
    return text


def _isolate(text: str) -> str:
    """A text that turns nothing round it, whichever way it is written."""
    return f"<bdi>{escape(text)}</bdi>"
