"""What people write becomes HTML that holds nothing but text, its form, and links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from investigations.presentation.markdown import References, list_mentioned, render_markdown

REFERENCES = References("abcdefghjk", frozenset({1, 12}))
HARMLESS = {"p", "br", "hr", "pre", "blockquote", "ul", "ol", "li", "h3", "h4", "h5", "h6", "em", "strong", "s", "code"}
HARMLESS |= {"a", "span", "table", "thead", "tbody", "tr", "th", "td"}
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt&colon;alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "![x](http://evil.example/pixel.png)",
    "<a href='x' onclick='y'>z</a>",
    "[x]: javascript:alert(1)\n\n[x]",
    "```<script>\n</script>\n```",
    '[a](/x "on" onmouseover=alert(1)")',
    "<style>*{display:none}</style><iframe src=//evil>",
    "E1<svg onload=alert(1)>",
    "tok_<b>x</b>_12345",
    "@bob<script>",
)


def _read(text: str) -> LexborHTMLParser:
    return LexborHTMLParser(f"<body>{render_markdown(text, REFERENCES)}</body>")


def _assert_harmless(text: str) -> None:
    body = _read(text).body
    assert body is not None
    for node in body.traverse(include_text=False):
        if node.tag == "body":
            continue
        assert node.tag in HARMLESS, text
        assert set(node.attributes) <= {"href", "class", "rel", "start", "align"}, text
        href = node.attributes.get("href") or "/"
        assert href.lower().startswith(("/", "#", "http://", "https://", "mailto:")) or ":" not in href, text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_makes_nothing_but_text(text: str) -> None:
    _assert_harmless(text)


@given(st.text(), st.sampled_from(HOSTILE), st.text())
def test_whatever_stands_around_it(before: str, hostile: str, after: str) -> None:
    _assert_harmless(before + hostile + after)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see E12.", "/cases/abcdefghjk/evidence/12/"),
        ("(E1)", "/cases/abcdefghjk/evidence/1/"),
        ("as in C-2026-0042:", "/cases/C-2026-0042/"),
        ("(tok_ci_1_7f3a).", "/tokens/tok_ci_1_7f3a/"),
        ("by usr_0007", "/users/usr_0007/"),
        ("from 203.0.113.77,", "/addresses/203.0.113.77/"),
        ("**evt_0001**", "/events/evt_0001/"),
        ("a" * 64, f"/tokens/{'a' * 64}/"),
    ],
)
def test_references_are_links(text: str, address: str) -> None:
    (link,) = _read(text).css("a")
    assert link.attributes["href"] == address
    assert link.text() in text


@pytest.mark.parametrize(
    "text", ["E99", "`E12`", "    E12", "FE12", "E12x", "E12-3", "XC-2026-0042", "10.0.0.0/8", "plain words", "e12"]
)
def test_what_refers_to_nothing_is_text(text: str) -> None:
    assert _read(text).css("a") == []


def test_a_link_is_not_linked_twice_and_leads_out_without_a_trace() -> None:
    (link,) = _read("[E12 tok_ci_1_7f3a](https://example.org/x)").css("a")
    assert link.attributes["href"] == "https://example.org/x"
    assert link.attributes["rel"] == "noopener noreferrer nofollow"


def test_form_is_kept_below_the_headings_of_the_page() -> None:
    html = render_markdown("# One\n\n- a\n- **b**\n\n|x|y|\n|-|-|\n|1|2|\n\nfirst\nsecond", REFERENCES)
    for part in ("<h3>One</h3>", "<li>a</li>", "<strong>b</strong>", "<td>1</td>", "first<br>\nsecond"):
        assert part in html


def test_controls_are_spelled_out() -> None:
    assert "⟨U+202E⟩" in render_markdown("a\u202eb", REFERENCES)


def test_mentions_are_names_and_no_addresses_of_mail() -> None:
    assert list_mentioned("@Bob, @al.ice. bob@example.org @@no (@rae)") == {"bob", "al.ice", "rae"}


@pytest.mark.parametrize("depth", [1, 5, 8, 9, 10, 11, 19, 20, 21, 60, 500])
@pytest.mark.parametrize("mark", ["> ", "- ", "1. "])
def test_nothing_is_left_out_however_deep_it_stands(mark: str, depth: int) -> None:
    text = mark * depth + "the <last> word\n\nand what follows"
    page = _read(text)
    assert "the <last> word" in page.text()
    assert "and what follows" in page.text()
