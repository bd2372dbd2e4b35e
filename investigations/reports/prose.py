"""Reads what people typed as Markdown into the blocks of a report."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from markdown_it.tree import SyntaxTreeNode

from core.forms import join_lines
from investigations.presentation.cells import make_visible
from investigations.presentation.markdown import build_parser
from investigations.reports.structure import (
    Block,
    Paragraph,
    Quotation,
    ReportColumn,
    ReportTable,
    Subheading,
    TableCell,
    TextLine,
    TextList,
    TextSpan,
    Verbatim,
    line,
    span,
)

_PARSER = build_parser()
_LOOKS = {"strong": "strong", "em": "emphasis", "s": "struck", "code_inline": "code"}
_BREAK = TextSpan("\n")
# Setting the type of a list or a table of more items or cells than this takes seconds.
MOST_PARTS = 1_000
_PARTS, _CONTAINERS = {"list_item", "th", "td"}, {"list_item", "blockquote"}
_TOO_LARGE = f"This has more than {MOST_PARTS:,} parts and stands here as it was typed."
_TOO_DEEP = "This is nested too deep and stands here as it was typed."


def read_prose(text: str, look: str = "") -> tuple[Block, ...]:
    """The blocks of a text; its paragraphs have the `look`. No link is one: its address stands behind its words.

    What is nested deeper than the parser reads, or has more than MOST_PARTS items or cells, stands as it was typed, with why.
    """
    source = make_visible(join_lines(text))
    tree = SyntaxTreeNode(_PARSER.parse(source))
    return tuple(block for node in tree.children for block in _read_whole(node, source.split("\n"), look))


def _read_whole(node: SyntaxTreeNode, lines: Sequence[str], look: str) -> Iterator[Block]:
    """The blocks of one block of the text, or its `lines`, with why."""
    why = _find_hindrance(node)
    if not why or node.map is None:
        yield from _read_blocks([node], look)
        return
    start, end = node.map
    yield Paragraph((line(why),), "note")
    yield Verbatim("\n".join(lines[start:end]).rstrip("\n"))


def _find_hindrance(node: SyntaxTreeNode) -> str:
    """Why a block is not read into blocks of a report; empty where it is. What stands too deep the parser leaves out."""
    deepest = _PARSER.options["maxNesting"] - 1
    if any(each.type in _CONTAINERS and each.level >= deepest for each in node.walk()):
        return _TOO_DEEP
    return _TOO_LARGE if sum(each.type in _PARTS for each in node.walk()) > MOST_PARTS else ""


def _read_blocks(nodes: Sequence[SyntaxTreeNode], look: str = "") -> Iterator[Block]:
    for node in nodes:
        match node.type:
            case "paragraph":
                yield Paragraph(_read_lines(node), look)
            case "heading":
                yield Subheading(_join(_read_lines(node)))
            case "bullet_list" | "ordered_list":
                start = int(str(node.attrs.get("start", 1))) if node.type == "ordered_list" else None
                yield TextList(tuple(tuple(_read_blocks(item.children)) for item in node.children), start)
            case "blockquote":
                yield Quotation(tuple(_read_blocks(node.children)))
            case "fence" | "code_block":
                yield Verbatim(node.content.rstrip("\n"))
            case "table":
                yield _read_table(node)


def _read_table(node: SyntaxTreeNode) -> ReportTable:
    head, *rows = [row for part in node.children for row in part.children]
    columns = tuple(ReportColumn(_write_plain(each), 1) for each in head.children)
    return ReportTable(columns, tuple(tuple(map(_read_cell, row.children)) for row in rows))


def _read_cell(node: SyntaxTreeNode) -> TableCell:
    return _read_lines(node)


def _write_plain(node: SyntaxTreeNode) -> str:
    return "".join(piece.text for piece in _join(_read_lines(node)))


def _read_lines(node: SyntaxTreeNode) -> tuple[TextLine, ...]:
    """The lines of a paragraph, a heading or a cell."""
    pieces = [piece for inline in node.children for piece in _read_spans(inline.children, ())]
    parts = groupby(pieces, key=lambda piece: piece is _BREAK)
    return tuple(tuple(part) for is_break, part in parts if not is_break) or ((),)


def _read_spans(nodes: Iterable[SyntaxTreeNode], looks: tuple[str, ...]) -> Iterator[TextSpan]:
    for node in nodes:
        if node.type in ("softbreak", "hardbreak"):
            yield _BREAK
        elif node.type == "link":
            yield from _read_link(node, looks)
        elif node.type in ("text", "code_inline"):
            if node.content:
                yield span(node.content, *looks, *([_LOOKS[node.type]] if node.type in _LOOKS else []))
        else:
            yield from _read_spans(node.children, (*looks, _LOOKS[node.type]) if node.type in _LOOKS else looks)


def _read_link(node: SyntaxTreeNode, looks: tuple[str, ...]) -> Iterator[TextSpan]:
    pieces = tuple(_read_spans(node.children, looks))
    yield from pieces
    address = str(node.attrs.get("href", ""))
    if address and "".join(piece.text for piece in pieces) != address:
        yield span(f" ({address})", *looks)


def _join(lines: Iterable[TextLine]) -> TextLine:
    """Several lines as one."""
    first, *others = lines
    return (*first, *(piece for each in others for piece in (TextSpan(" "), *each)))
