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


def test_a_list_that_is_nested_too_deep_stands_as_it_was_typed_and_loses_no_word() -> None:
    typed = "\n".join(f"{'  ' * depth}- word{depth}" for depth in range(40))
    intro, note, verbatim = read_prose(f"before\n\n{typed}\n\nafter")
    assert _texts(intro) == ["before"]
    assert _texts(note) == ["This is nested too deep and stands here as it was typed."]
    # What stands too deep takes what comes after it along.
    assert verbatim == Verbatim(f"{typed}\n\nafter")


@given(st.lists(st.sampled_from(["- ", "> ", "1. "]), max_size=30))
def test_what_is_nested_keeps_its_word_however_deep(marks: list[str]) -> None:
    assert any("word" in text for text in _texts(*read_prose(f"{''.join(marks)}word")))


@pytest.mark.parametrize("typed", ["|a|b|\n|-|-|\n" + "|1|2|\n" * 500, "- a\n" * 1_001, "> - a\n" * 1_001])
def test_what_has_too_many_parts_stands_as_it_was_typed(typed: str) -> None:
    note, verbatim = read_prose(typed)
    assert _texts(note) == ["This has more than 1,000 parts and stands here as it was typed."]
    assert verbatim == Verbatim(typed.rstrip("\n"))
