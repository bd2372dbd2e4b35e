"""What a search page's address says, read once: the search, where in it we are, and what is wrong with it."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from django.http import QueryDict
from django.utils.http import urlencode

from trail.errors import BadQuery
from trail.events import SECRET
from trail.search.language import placeholders
from trail.search.spec import Search

TYPED = ("q", "from", "to", "sort", "columns")
CONTEXT = ("case", "query", "v")


@dataclass(frozen=True, slots=True)
class Asked:
    """`search` is None when `problem` says what is wrong; `typed` is what stood in the fields either way, and
    `filters` the chips as the address has them.

    `context` are the words that go along from page to page: the case worked in, the saved query and its version.
    """

    search: Search | None
    problem: BadQuery | None
    typed: dict[str, str]
    context: dict[str, str]
    parameters: list[tuple[str, str]]
    after: list[Any] | None
    start: int
    filters: tuple[str, ...] = ()
    names_columns: bool = False

    def shown_with(self, columns: Sequence[str]) -> "Asked":
        """With a person's own columns where the address names none. Every address from there on says which it means, for
        the usual ones, which need no words, are not what this person would get."""
        search = self.search
        if search is not None and columns and not self.typed["columns"]:
            search = replace(search, columns=tuple(columns))
        return replace(self, search=search, names_columns=bool(columns))

    def query(self, search: Search) -> dict[str, Any]:
        """The parameters of the page for another search in the same context."""
        named = {"columns": [",".join(search.columns)]} if self.names_columns else {}
        return {**search.to_query(), **named, **self.context}

    def url(self, search: Search) -> str:
        """The page's address for another search in the same context."""
        return "?" + urlencode(self.query(search), doseq=True)

    def older(self, sort: tuple[Any, ...], until: str, count: int) -> str:
        """The address of what comes after an event, among what had arrived by `until`."""
        if self.search is None:
            raise ValueError("a search that was not understood has no pages")
        more = {"until": [until]} | self.query(self.search) | {"after": packed(sort), "start": self.start + count}
        return "?" + urlencode(more, doseq=True)


def read(query: QueryDict) -> Asked:
    """Understand a search page's parameters. Never raises; `problem` says what is wrong and where."""
    query = _as_typed(query)
    typed = {name: query.get(name, "") for name in TYPED} | {
        "columns": ",".join(filter(None, query.getlist("columns")))
    }
    context = {name: value for name in CONTEXT if (value := query.get(name))}
    search, problem, after, start = None, None, None, 0
    try:
        refuse_secrets(query)
        search = Search.from_query(query)
        after, start = _place(query)
    except BadQuery as error:
        problem, search = error, None
    return Asked(search, problem, typed, context, blanks(query), after, start, tuple(filter(None, query.getlist("f"))))


def _as_typed(query: QueryDict) -> QueryDict:
    """With the text as it stands in its field: a form sends line breaks as CR LF (HTML, 4.10.21.4), and positions count."""
    changed = query.copy()
    changed["q"] = query.get("q", "").replace("\r\n", "\n").strip()
    return changed


def carried(query: QueryDict) -> list[tuple[str, str]]:
    """The parameters of a search that goes along with something else, as they were sent, but for what authenticates."""
    names = (*TYPED, *CONTEXT, "f", "until", "stack")
    pairs = [(name, value) for name, values in query.lists() for value in values if value]
    return [
        (name, value) for name, value in pairs
        if (name in names or name.startswith("p.")) and not SECRET.search(value)
    ]  # fmt: skip


def blanks(query: QueryDict) -> list[tuple[str, str]]:
    """The parameters a typed query names, with what is filled in."""
    try:
        names = placeholders(query.get("q", ""))
    except BadQuery:
        names = ()
    return [(name, "\n".join(query.getlist(f"p.{name}"))) for name in names]


def refuse_secrets(query: Mapping[str, Any]) -> None:
    """A search is on record for ever, so what authenticates must never be typed into one. Raises BadQuery."""
    for name in query:
        values = query.getlist(name) if isinstance(query, QueryDict) else query[name]
        for value in values:
            if found := SECRET.search(str(value)):
                raise BadQuery(
                    "This holds what looks like a token itself. Searches are kept for ever: search for the token's "
                    "id or fingerprint, and treat the token as leaked.",
                    found.start() if name == "q" else None,
                )


def _place(query: QueryDict) -> tuple[list[Any] | None, int]:
    if not (text := query.get("after", "")):
        return None, 0
    try:
        after = orjson.loads(base64.urlsafe_b64decode(text.encode()))
        start = int(query.get("start", "0"))
    except (binascii.Error, ValueError) as error:
        raise BadQuery("This address does not say which page it means; begin at the first.") from error
    if (
        not isinstance(after, list)
        or not 0 <= start < 2**53
        or not all(isinstance(one, str | int | None) for one in after)
    ):
        raise BadQuery("This address does not say which page it means; begin at the first.")
    return after, start


def packed(sort: Sequence[Any]) -> str:
    """A place in the trail as an address carries it."""
    return base64.urlsafe_b64encode(orjson.dumps(list(sort))).decode()
