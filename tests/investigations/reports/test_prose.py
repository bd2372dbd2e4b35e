"""What people typed as Markdown, as blocks of a report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from investigations.presentation.cells import make_visible
from investigations.presentation.markdown import build_parser
from investigations.reports.prose import read_prose
from investigations.reports.structure import (
    Block,
    Paragraph,
    Quotation,
    Report,
    ReportSection,
    ReportTable,
    Subheading,
    TextList,
    Verbatim,
)
from tests.investigations.reports.conftest import MADE_AT
from tests.support.report_text import list_text


def _texts(*blocks: Block) -> list[str]:
    report = Report("", "", "", False, "", MADE_AT, (), (ReportSection("", "", blocks),))
    return list(list_text(report))[3:]


@pytest.mark.parametrize(
    ("text", "kind", "texts"),
    [
        ("one *two*", Paragraph, ["one ", "two"]),
        ("one\ntwo", Paragraph, ["one", "two"]),
        ("## head **line**", Subheading, ["head ", "line"]),
        ("- one\n- two", TextList, ["one", "two"]),
        ("3. one\n4. two", TextList, ["one", "two"]),
        ("> one", Quotation, ["one"]),
        ("```\n#import\n```", Verbatim, ["#import"]),
        ("| a | b |\n|---|---|\n| 1 | ~~2~~ |", ReportTable, ["a", "b", "1", "2"]),
        ("<b>one</b>", Paragraph, ["<b>one</b>"]),
        ("[words](https://example.org/)", Paragraph, ["words", " (https://example.org/)"]),
        ("<https://example.org/>", Paragraph, ["https://example.org/"]),
        ("a\u202eb", Paragraph, ["a⟨U+202E⟩b"]),
    ],
)
def test_each_form_is_a_block_with_its_words(text: str, kind: type[Block], texts: list[str]) -> None:
    (block,) = read_prose(text)
    assert isinstance(block, kind)
    assert _texts(block) == texts


def test_a_numbered_list_begins_where_it_was_begun() -> None:
    (block,) = read_prose("7. one")
    assert isinstance(block, TextList)
    assert block.start == 7


def test_looks_are_kept_within_one_another() -> None:
    (block,) = read_prose("**one *two `three`***")
    assert isinstance(block, Paragraph)
    assert [piece.looks for piece in block.lines[0]] == [
        ("strong",),
        ("strong", "emphasis"),
        ("strong", "emphasis", "code"),
    ]


@given(st.text(alphabet="ab1 *_`#>-.)|~<&\\\n", max_size=80))
def test_no_word_is_lost_or_added(text: str) -> None:
    rendered = LexborHTMLParser(build_parser().render(make_visible(text)) or " ")
    page = "".join((rendered.body.text(deep=True) if rendered.body else "").split())
    assert "".join("".join(_texts(*read_prose(text))).split()) == page
