"""Writes what people typed as Markdown (CommonMark 0.31) into HTML that holds nothing else, with references as links."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import nh3
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from core.forms import join_lines
from investigations.presentation.cells import make_visible
from investigations.presentation.identifiers import page_address
from investigations.presentation.recognition import recognise

MENTION = re.compile(r"(?<![\w@])@([\w.-]{0,63}\w)")
_EVIDENCE, _CASE, _WORD = r"E([0-9]{1,9})(?![\w-])", r"([Cc]-[0-9]{4}-[0-9]{1,8})(?![\w-])", r"(\S{6,})"
_REFERENCE = re.compile(rf"(?<![\w-])(?:{_EVIDENCE}|{_CASE})|{MENTION.pattern}|{_WORD}")
_AROUND = "()[]{}<>.,;:!?'\"„“”‚‘’"
_BLOCKS = {"p", "br", "hr", "pre", "blockquote", "ul", "ol", "li", "h3", "h4", "h5", "h6"}
_TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
_TAGS = _BLOCKS | _TABLE | {"em", "strong", "s", "code", "a", "span"}
_ATTRIBUTES = {"a": {"href", "class"}, "span": {"class"}, "ol": {"start"}, "td": {"align"}, "th": {"align"}}
# Headings of a text stand below those of its page.
_LEVELS = {f"h{level}": f"h{min(level + 2, 6)}" for level in range(1, 7)}


@dataclass(frozen=True, slots=True)
class References:
    """What a text of a case may refer to: the case itself, and the numbers of what is pinned to it."""

    case_id: str
    evidence: Collection[int]


def render_markdown(text: str, references: References) -> SafeString:
    """The text as HTML. Raw HTML in it stays text, images are links; an address is ours, or begins with http, https or mailto.

    A text that is nested deeper than the parser reads stands as it was typed.
    """
    shown, env = make_visible(join_lines(text)), {"of_case": references}
    tokens = _PARSER.parse(shown, env)
    # What stands deeper than this the parser leaves out without a word.
    deepest = _PARSER.options["maxNesting"] - 1
    is_whole = all(token.level < deepest for token in tokens)
    html = _PARSER.renderer.render(tokens, _PARSER.options, env) if is_whole else f"<pre>{escape(shown)}</pre>"
    return SafeString(
        nh3.clean(
            html,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes={"http", "https", "mailto"},
            link_rel="noopener noreferrer nofollow",
        )
    )


def list_mentioned(text: str) -> set[str]:
    """The names that stand in a text as @name, in small letters."""
    return {name.lower() for name in MENTION.findall(text)}


def _link_references(state: StateCore) -> None:
    """Turn references in the text, outside links and code, into links."""
    for block in state.tokens:
        if block.tag in _LEVELS:
            block.tag = _LEVELS[block.tag]
        if block.type == "inline" and block.children:
            block.children = list(_link_children(block.children, state.env["of_case"]))


def _link_children(tokens: Sequence[Token], references: References) -> Iterator[Token]:
    inside = 0
    for token in tokens:
        inside += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type == "text" and not inside:
            yield from _split_text(token.content, references)
        else:
            yield token


def _split_text(text: str, references: References) -> Iterator[Token]:
    end = 0
    for match in _REFERENCE.finditer(text):
        shown, tokens = _refer(match, references)
        if tokens:
            start = match.start() + match.group().index(shown)
            yield _text(text[end:start])
            yield from tokens
            end = start + len(shown)
    yield _text(text[end:])


def _refer(match: re.Match[str], references: References) -> tuple[str, list[Token]]:
    """What of the match is the reference, and the tokens that stand in its place; none where it refers to nothing."""
    evidence, number, name, word = match.groups()
    if evidence is not None:
        is_there = int(evidence) in references.evidence
        address = reverse("evidence_detail", args=[references.case_id, int(evidence)]) if is_there else ""
        return match.group(), _link(match.group(), address, "ref")
    if number is not None:
        return match.group(), _link(match.group(), reverse("case_by_number", args=[number]), "ref")
    if name is not None:
        mention = Token("span_open", "span", 1, attrs={"class": "mention"})
        return match.group(), [mention, _text(match.group()), Token("span_close", "span", -1)]
    shown = word.strip(_AROUND)
    recognised = recognise(shown)
    is_identifier = bool(recognised.field) and recognised.words != "a network"
    return shown, _link(shown, (page_address(recognised.field, recognised.value) or "") if is_identifier else "", "id")


def _link(text: str, address: str, look: str) -> list[Token]:
    if not address:
        return []
    return [
        Token("link_open", "a", 1, attrs={"href": address, "class": look}),
        _text(text),
        Token("link_close", "a", -1),
    ]


def _text(text: str) -> Token:
    return Token("text", "", 0, content=text)


def build_parser() -> MarkdownIt:
    """What of Markdown people may write: CommonMark with tables, without HTML and pictures."""
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True})
    return parser.enable(["table", "strikethrough"]).disable("image")


_PARSER = build_parser()
_PARSER.core.ruler.push("references", _link_references)
