"""Writes the value of a cell with its look as one text: a template would take dozens of nodes for each."""

from html import escape

from django.utils.safestring import SafeString
from django.utils.text import Truncator

from investigations.presentation import times
from investigations.presentation.cells import EventCell, make_visible
from investigations.presentation.links import NOTHING

# Characters of a value that a page shows, and that its title holds.
SHOWN, WHOLE = 120, 2_000


def write_cell(cell: EventCell) -> SafeString:
    """A value with its look; an identifier with where it leads. It stands in sentences, so no space is around it."""
    match cell.kind:
        case "time":
            return times.build_time(cell.text, "event")
        case "whole time":
            return times.build_time(cell.text, "whole")
        case "empty":
            return NOTHING
        case "outcome":
            text = escape(cell.text)
            return SafeString(f'<span class="outcome outcome--{text}">{text}</span>')
        case "identifier":
            return SafeString(_write_identifier(cell))
        case _:
            return SafeString(_write_text(cell))


def shorten(text: str) -> str:
    """The two ends of a long identifier; the whole of it stands in the title and is copied."""
    return text if len(text) <= 22 else f"{text[:10]}…{text[-9:]}"


def _write_text(cell: EventCell) -> str:
    look = "mono text" if cell.kind == "mono" else "text"
    visible = make_visible(cell.text)
    return f'<bdi class="{look}" title="{escape(_cut(visible, WHOLE))}">{escape(_cut(visible, SHOWN))}</bdi>'


def _write_identifier(cell: EventCell) -> str:
    visible = make_visible(cell.text)
    whole, field = escape(_cut(visible, WHOLE)), escape(cell.field)
    links = "".join(f'<a href="{escape(url)}">{escape(label)}</a>' for label, url in cell.links)
    return (
        f'<details class="pivot"><summary class="mono" title="{field}: {whole}"><bdi>{escape(shorten(visible))}</bdi>'
        f'</summary><div class="pivot__menu"><p class="pivot__what">{field}<br><bdi class="mono">{whole}</bdi></p>'
        f'{links}<button type="button" data-copy="{escape(cell.text)}">Copy</button></div></details>'
    )


def _cut(text: str, length: int) -> str:
    # What is short and plain, which nearly all of it is, has nothing that could be counted otherwise.
    return text if len(text) <= length and text.isascii() else Truncator(text).chars(length)
