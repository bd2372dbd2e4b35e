"""Shows docs/words.md, the glossary, as a page of the console."""

import re
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.decorators import signed_in
from core.htmx import render_page

LINK = re.compile(r"\[([^]]+)\]\([^)]+\)")
ROW = re.compile(r"\| (?P<term>[^|]+) \| (?P<meaning>[^|]+) \|(?: (?P<instead_of>[^|]+))? \|")


@dataclass(frozen=True, slots=True)
class Word:
    """A term, what it means, and the words that stood for it elsewhere."""

    term: str
    meaning: str
    instead_of: str = ""


@cache
def read_glossary() -> dict[str, list[Word]]:
    """The words of docs/words.md by the heading they stand under, as plain text."""
    sections: dict[str, list[Word]] = {}
    text = (settings.BASE_DIR / "docs" / "words.md").read_text()
    for section in text.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        rows = [match.groupdict() for match in ROW.finditer(body)]
        words = [Word(**{name: _plain(cell or "") for name, cell in row.items()}) for row in rows]
        sections[heading] = [word for word in words if word.term != "word"]
    return sections


def _plain(cell: str) -> str:
    """A cell's text without its Markdown."""
    return LINK.sub(r"\1", cell).replace("`", "").replace("*", "").strip()


@require_safe
@signed_in
def show_words(request: HttpRequest) -> HttpResponse:
    """The glossary, for whoever is signed in."""
    return render_page(request, "words.html", {"sections": read_glossary()})
