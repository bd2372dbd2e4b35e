"""A report as HTML, Markdown and PDF: each says everything, and no value is more than text in any."""

import io
import unicodedata
from dataclasses import replace

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from selectolax.lexbor import LexborHTMLParser

from accounts.models import User
from investigations.evidence import services as evidence
from investigations.models import Case, CaseReport, CaseTask, Hypothesis, Note
from investigations.reports import pdf
from investigations.reports.content import SECTIONS, build_report
from investigations.reports.errors import NotTypeset
from investigations.reports.glyphs import FONTS
from investigations.reports.html import write_html
from investigations.reports.markdown import write_markdown
from investigations.reports.pdf import write_pdf
from investigations.reports.structure import (
    Paragraph,
    Report,
    ReportColumn,
    ReportSection,
    ReportTable,
    Verbatim,
    cell,
    line,
    paragraph,
)
from tests.investigations.reports.conftest import MADE_AT
from tests.support import hostile
from tests.support.factories.events import write
from tests.support.report_text import list_text, read_html, read_pdf, squeeze
from trail.connection import Trail

LET_IN = [each for each in hostile.corpus() if not each.refused]
ELEMENTS = {
    "-undef",
    "-text",
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "article",
    "header",
    "section",
    "h1",
    "h2",
    "h3",
    "p",
    "b",
    "span",
    "strong",
    "em",
    "s",
    "code",
    "pre",
    "dl",
    "div",
    "dt",
    "dd",
    "bdi",
    "br",
    "ul",
    "ol",
    "li",
}
ELEMENTS |= {
    "blockquote",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "figure",
    "figcaption",
    "svg",
    "defs",
    "pattern",
    "path",
    "g",
    "text",
    "rect",
    "circle",
}
INJECTIONS = [
    '#import "evil.typ"',
    "$ sum $",
    "] #panic() [",
    '"#eval("1")"',
    "<script>alert(1)</script>",
    "`code` | **bold**",
    "\\alert{} \\newline",
]


def _build(*values: str) -> Report:
    """A report with these values as prose, in a table and as they are."""
    table = ReportTable((ReportColumn("Value", 1),), tuple((cell(value),) for value in values))
    blocks = (*(Paragraph((line(value),)) for value in values), table, *map(Verbatim, values))
    return Report(
        "Title",
        "C-2026-0001",
        "case",
        False,
        "Alice",
        MADE_AT,
        (("Fact", values[0]),),
        (ReportSection("a", "A", blocks),),
    )


def test_every_format_says_everything_that_is_in_the_report(report: Report) -> None:
    files = {
        "HTML": read_html(write_html(report)),
        "Markdown": write_markdown(report).decode(),
        "PDF": read_pdf(write_pdf(report)),
    }
    for name, text in files.items():
        squeezed = squeeze(text)
        picture = {report.sections[1].blocks[0].label} if name == "PDF" else set()  # which a PDF has as its description
        missing = [piece for piece in list_text(report) if squeeze(piece) not in squeezed and piece not in picture]
        assert missing == [], name


def test_a_draft_says_so_on_each_page_and_in_its_title_and_a_final_one_does_not(report: Report) -> None:
    assert report.is_draft
    for is_draft in (True, False):
        made = replace(report, is_draft=is_draft)
        with pikepdf.open(io.BytesIO(write_pdf(made))) as document:
            assert len(document.pages) > 2
            assert ("DRAFT" in str(document.docinfo["/Title"])) is is_draft
        pages = read_pdf(write_pdf(made)).split("Audit Console")[1:]
        assert all(("DRAFT" in page) is is_draft for page in pages)
        assert (b"DRAFT" in write_html(made).partition(b"</title>")[0].partition(b"<title>")[2]) is is_draft
        assert ("DRAFT" in write_markdown(made).decode().splitlines()[0]) is is_draft


def test_the_pdf_claims_to_be_pdf_a_2b_and_holds_its_typefaces(report: Report) -> None:
    with pikepdf.open(io.BytesIO(write_pdf(report))) as document, document.open_metadata() as metadata:
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "B")
        fonts = [
            font
            for font in document.objects
            if isinstance(font, pikepdf.Dictionary) and font.get("/Type") == "/FontDescriptor"
        ]
        assert fonts
        assert all({"/FontFile2", "/FontFile3"} & set(font.keys()) for font in fonts)
        assert [str(intent.S) for intent in document.Root.OutputIntents] == ["/GTS_PDFA1"]
        assert document.Root.Lang == "en"
        assert "/JavaScript" not in str(document.Root)
        assert "/OpenAction" not in document.Root


def test_the_same_report_is_the_same_file_and_bears_its_own_time(report: Report) -> None:
    for write_file in (write_pdf, write_html, write_markdown):
        assert write_file(report) == write_file(report)
    with pikepdf.open(io.BytesIO(write_pdf(report))) as document:
        assert str(document.docinfo["/CreationDate"]).startswith("D:20261128090507")


def test_the_html_asks_nobody_and_runs_nothing(report: Report) -> None:
    content = write_html(report)
    page = LexborHTMLParser(content)
    for element in page.css("*"):
        assert element.tag in ELEMENTS, element.tag
        for name, value in element.attributes.items():
            assert name not in ("href", "src", "style", "srcset")
            assert not name.startswith("on")
            assert "//" not in (value or "")
    assert content.count(b"url(") == content.count(b"url(#report-hatch)") + content.count(
        b'url("data:font/woff2;base64,'
    ) + content.count(b"url(data:")
    assert b"default-src 'none'" in content


@pytest.mark.parametrize("value", INJECTIONS)
def test_what_looks_like_source_is_text_in_every_format(value: str) -> None:
    report = _build(value)
    assert squeeze(read_pdf(write_pdf(report))).count(squeeze(value)) == 4
    assert squeeze(read_html(write_html(report))).count(squeeze(value)) == 4
    assert squeeze(write_markdown(report).decode()).count(squeeze(value)) == 4
    assert not LexborHTMLParser(write_html(report)).css("script")


@pytest.fixture
def hostile_report(case: Case, alice: User, trail: Trail) -> Report:
    """Every value that does harm somewhere, wherever a case has a text."""
    events = [hostile.event(each, number) for number, each in enumerate(LET_IN)]
    write(trail, *events)
    values = [each.value for each in LET_IN if len(each.value) < 2_000]
    for start in range(0, len(events), 8):
        ids = [event["event"]["id"] for event in events[start : start + 8]]
        evidence.pin(case=case, event_ids=ids, reason=f"Why {LET_IN[start].value[:500]}", by=alice)
    Note.objects.create(case=case, text="\n\n".join(values)[:20_000], author=alice, author_name=values[0][:200])
    for number, value in enumerate(values, 1):
        CaseTask.objects.create(case=case, number=number, title=value[:200], created_by_name=value[:200])
        words = {"statement": value[:300], "answer": value, "created_by_name": value[:200]}
        Hypothesis.objects.create(case=case, number=number, **words)
    case.title = values[1][:200]
    return build_report(CaseReport(case=case, sections=list(SECTIONS)), alice, MADE_AT)


def test_hostile_values_are_text_in_every_format(hostile_report: Report) -> None:
    page = LexborHTMLParser(write_html(hostile_report))
    assert {element.tag for element in page.css("*")} <= ELEMENTS
    names = {name for element in page.css("*") for name in element.attributes}
    assert not {name for name in names if name.startswith("on") or name in ("href", "src", "style")}
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(write_markdown(hostile_report).decode())
    made = {element.tag for element in LexborHTMLParser(shown).css("body *")}
    assert made <= ELEMENTS
    content = write_pdf(hostile_report)
    assert squeeze(read_pdf(content)).count("SHA-256") >= len(LET_IN)
    with pikepdf.open(io.BytesIO(content)) as document:
        links = [each for page in document.pages for each in page.get("/Annots", [])]
        # Those of the contents lead to pages of the report, and nothing leads out of it.
        assert links
        assert all(each["/Subtype"] == "/Link" and "/Dest" in each and "/A" not in each for each in links)


@given(st.text(max_size=60))
def test_any_text_reads_the_same_out_of_markdown(text: str) -> None:
    shown = _build(text or "x")
    html = (
        MarkdownIt("commonmark", {"html": True})
        .enable(["table", "strikethrough"])
        .render(write_markdown(shown).decode())
    )
    read = LexborHTMLParser(html)
    wanted = "".join(" ".join(map(str.strip, piece.text.split())) for piece in shown.sections[0].blocks[0].lines[0])
    first = read.css("h2 ~ p")
    assert " ".join((first[0].text(deep=True) if first else "").split()) == wanted


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(min_size=1, max_size=80), min_size=10, max_size=10))
def test_any_text_can_be_typeset(texts: list[str]) -> None:
    assert write_pdf(_build(*texts)).startswith(b"%PDF")


SCRIPTS = {
    "Chinese": "王小明 訪問 權限",
    "Japanese": "山田太郎さん アクセス",
    "Korean": "김철수 접근",
    "Cyrillic": "Иванов Пётр",
    "Greek": "Ελευθερία",
    "Vietnamese": "Nguyễn Đức",
    "emoji": "🔑🚨💥",
    "Thai": "สมชาย",
    "Devanagari": "राम कुमार",
}
RIGHT_TO_LEFT = {"Arabic": "محمد بن سلمان", "Hebrew": "שרה לוי"}


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_every_script_that_people_write_in_stands_as_it_is_and_can_be_copied(text: str) -> None:
    shown = squeeze(read_pdf(write_pdf(_build(text))))
    assert "⟨U+" not in shown
    assert "[U+" not in shown
    # Some readers give the parts of a syllable in the order in which they are drawn.
    assert sorted(set(squeeze(text))) == sorted(set(squeeze(text)) & set(shown))
    assert text in read_html(write_html(_build(text)))


@pytest.mark.parametrize("text", RIGHT_TO_LEFT.values(), ids=RIGHT_TO_LEFT)
def test_what_is_written_from_the_right_stands_as_it_is(text: str) -> None:
    shown = unicodedata.normalize("NFKC", read_pdf(write_pdf(_build(text))))
    assert "U+" not in shown
    assert set(squeeze(text)) <= set(shown)
    assert text in read_html(write_html(_build(text)))


@pytest.mark.parametrize(
    "character", ["\u202e", "\u2066", "\u200b", "\u200d", "\ufe0f", "\u3164", "\u115f", "\ue000", "\U000e0041"]
)
def test_what_nobody_sees_or_what_turns_a_line_is_written_as_its_number(character: str) -> None:
    assert f"⟨U+{ord(character):04X}⟩" in squeeze(read_pdf(write_pdf(_build(f"a{character}b"))))


def test_a_mark_that_has_no_shape_upon_its_letter_takes_no_other_text_with_it() -> None:
    shown = squeeze(read_pdf(write_pdf(_build("王 \u05d0\u0e31\u064b \u0915\u0ecd", "山田"))))
    assert "王" in shown
    assert "山田" in shown


def test_the_typefaces_are_small_and_each_has_its_licence() -> None:
    files = list(FONTS.glob("*.ttf"))
    assert sum(file.stat().st_size for file in files) < 14_000_000
    assert {file.name for file in FONTS.glob("OFL-*.txt")} == {
        "OFL-IBM-Plex.txt",
        "OFL-Source-Serif-4.txt",
        "OFL-Noto.txt",
        "OFL-Noto-CJK.txt",
        "OFL-Noto-Emoji.txt",
    }


def test_a_word_longer_than_a_line_is_broken_and_not_cut() -> None:
    word = "".join(f"{number:04}" for number in range(500))
    assert word in squeeze(read_pdf(write_pdf(_build(word))))


def test_a_cell_longer_than_a_page_goes_on_on_the_next() -> None:
    for text in ("\n".join(f"line {number}." for number in range(300)), "word " * 3_000):
        shown = read_pdf(write_pdf(_build(text)))
        squeezed = squeeze(text)
        assert squeezed[:40] in squeeze(shown)
        assert shown.count("line 299.") + shown.count("word") >= (4 if "line" in text else 9_000)


def test_what_has_no_shape_after_all_is_written_in_latin_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("fit_to_glyphs", "fit_without_marks"):
        monkeypatch.setattr(pdf, name, lambda text: text)
    assert "[U+13000]" in squeeze(read_pdf(write_pdf(_build("\U00013000"))))


def test_a_pdf_that_takes_too_long_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "SECONDS", 0.01)
    with pytest.raises(NotTypeset, match="longer than"):
        write_pdf(_build("x"))


def test_what_typst_says_no_to_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "_read_source", lambda: "#panic()")
    with pytest.raises(NotTypeset, match="could not be made"):
        write_pdf(replace(_build("x"), sections=(ReportSection("a", "A", (paragraph("x"),)),)))
