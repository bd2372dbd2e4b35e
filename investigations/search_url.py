"""Reads the search that an address carries, and writes the address of a search."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from django.http import QueryDict
from django.utils.http import urlencode

from core.addresses import write_address
from trail.errors import BadQuery
from trail.redaction import find_secret, holds_secret
from trail.search.language.parser import list_placeholders
from trail.search.spec import Search
from trail.times import format_datetime

# Characters of a request's first line that the console's web server takes: the most that gunicorn can be set to. Beyond it,
# a server or a proxy refuses without a sentence, so the console gives no address that is longer than MAX_ADDRESS: what is
# left is for the method, the version and the name of a host before which a proxy puts it.
MAX_REQUEST_LINE = 8_190
MAX_ADDRESS = 7_500
TYPED = ("q", "from", "to", "sort", "columns")
CONTEXT = ("case", "query", "v", "console", "tz")
_BAD_PLACE = "This address does not say which page it means; begin at the first."


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What the address of a search page asks for, read once.

    `search` is None when `problem` says what is wrong; `typed` is what stood in the fields either way, and `filters` the
    filters as the address has them. `context` are the words that go along from page to page: the case worked in, the saved
    query and its version, the time zone. `parameters` are the names of the query's placeholders with the values given for them.
    `after` is the place after which the page begins, `start` the number of events before it.
    """

    search: Search | None
    problem: BadQuery | None
    typed: dict[str, str]
    context: dict[str, str]
    parameters: list[tuple[str, str]]
    after: list[Any] | None
    start: int
    filters: tuple[str, ...] = ()
    own_columns: tuple[str, ...] = ()

    def expect_search(self) -> Search:
        """The search. Raises BadQuery where it was not understood."""
        if self.search is None:
            raise self.problem or BadQuery("This address is of no search.", 0)
        return self.search

    def with_columns(self, columns: Sequence[str]) -> "SearchRequest":
        """The same with a person's own columns where the address names none.

        An address made from it names its columns where these are not this person's own: the usual ones too, which need no words,
        for they are not what this person would get.
        """
        search = self.search
        if search is not None and columns and not self.typed["columns"]:
            search = replace(search, columns=tuple(columns))
        return replace(self, search=search, own_columns=tuple(columns))

    @property
    def unnamed_columns(self) -> str:
        """The columns that its addresses do not name, for they are the person's own; somebody else is to be told them."""
        is_own = self.search is not None and self.own_columns and self.search.columns == self.own_columns
        return ",".join(self.own_columns) if is_own else ""

    def with_search(self, search: Search) -> "SearchRequest":
        """The same for another search, whose filters the form of the page then carries."""
        return replace(self, search=search, filters=tuple(map(str, search.filters)))

    def parameters_of(self, search: Search) -> dict[str, Any]:
        """The address's parameters for another search in the same context."""
        words: dict[str, Any] = search.to_query()
        if self.own_columns and search.columns == self.own_columns:
            words.pop("columns", None)
        elif self.own_columns:
            words["columns"] = [",".join(search.columns)]
        return {**words, **self.context}

    def url(self, search: Search) -> str:
        """The address of another search in the same context, from the search page: `?q=…`."""
        return "?" + urlencode(self.parameters_of(search), doseq=True)

    def page_url(self, search: Search) -> str:
        """The address of another search in the same context, from anywhere."""
        return write_address("search") + self.url(search)

    def next_page_url(self, *, after: Sequence[Any], until: str, count: int) -> str:
        """The address of the page after this one's `count` events, the last of which lies at `after`.

        `until` keeps out what arrives later. Raises BadQuery where there is no search.
        """
        parameters = {"until": [until]} | self.parameters_of(self.expect_search())
        parameters |= {"after": encode_place(after), "start": self.start + count}
        return "?" + urlencode(parameters, doseq=True)


def read_search_request(query: QueryDict) -> SearchRequest:
    """Reads a search page's parameters. Never raises: `problem` says what is wrong and where."""
    query = _with_text_as_typed(query)
    typed = {name: query.get(name, "") for name in TYPED}
    typed["columns"] = ",".join(filter(None, query.getlist("columns")))
    search, problem, after, start = None, None, None, 0
    try:
        refuse_secrets(query)
        search = Search.from_query(query)
        after, start = _decode_place(query)
    except BadQuery as error:
        search, problem = None, error
    return SearchRequest(
        search=search,
        problem=problem,
        typed=typed,
        context={name: value for name in CONTEXT if (value := query.get(name))},
        parameters=read_parameters(query),
        after=after,
        start=start,
        filters=tuple(filter(None, query.getlist("f"))),
    )


def _with_text_as_typed(query: QueryDict) -> QueryDict:
    """With the text as it stands in its field: a form sends line breaks as CR LF (HTML, 4.10.21.4), and positions count."""
    changed = query.copy()
    changed["q"] = query.get("q", "").replace("\r\n", "\n").strip()
    return changed


def read_parameters(query: QueryDict) -> list[tuple[str, str]]:
    """The names of the typed query's placeholders, each with the values given for it, one a line."""
    try:
        names = list_placeholders(query.get("q", ""))
    except BadQuery:
        names = ()
    return [(name, "\n".join(query.getlist(f"p.{name}"))) for name in names]


def carried_fields(query: QueryDict) -> list[tuple[str, str]]:
    """The parameters of a search that goes along with another form, as they were sent, without those that hold a secret."""
    names = (*TYPED, *CONTEXT, "f", "until", "stack")
    return [
        (name, value)
        for name, values in query.lists()
        for value in values
        if value and (name in names or name.startswith("p.")) and not holds_secret(value)
    ]


def refuse_secrets(query: Mapping[str, Any]) -> None:
    """Raises BadQuery where a value looks like a token itself: searches are on record for ever."""
    for name in query:
        values = query.getlist(name) if isinstance(query, QueryDict) else query[name]
        for value in values:
            if (place := find_secret(str(value))) is not None:
                raise BadQuery(
                    "This holds what looks like a token itself. Searches are kept for ever: search for the token's "
                    "id or fingerprint, and treat the token as leaked.",
                    place if name == "q" else None,
                )


def search_address(search: Search, **context: str) -> str | None:
    """The address of a search's page, or None where it would be longer than servers and proxies take."""
    address = f"{write_address('search')}?{urlencode({**search.to_query(), **context}, doseq=True)}"
    return address if fits_address(address) else None


def fits_address(address: str) -> bool:
    """Whether an address is short enough for every server and proxy."""
    return len(address) <= MAX_ADDRESS


def fix_times(search: Search, now: datetime) -> Search:
    """The search with absolute times, and bound to what has arrived by now: it finds the same whenever it is asked."""
    absolute = search.resolved(now)
    return replace(absolute, ingested_until=absolute.ingested_until or format_datetime(now))


def fixed_words(search: Search, now: datetime) -> str:
    """The parameters, as an address writes them, of a search with its times fixed."""
    return urlencode(fix_times(search, now).to_query(), doseq=True)


def form_fields(search: Search) -> list[tuple[str, str]]:
    """A search as the names and values of a form's fields."""
    return [(name, value) for name, values in search.to_query().items() for value in values]


def encode_place(sort: Sequence[Any]) -> str:
    """An event's place in a list, its sort values, as an address carries it: JSON in base64url (RFC 4648)."""
    return base64.urlsafe_b64encode(orjson.dumps(list(sort))).decode()


def _decode_place(query: QueryDict) -> tuple[list[Any] | None, int]:
    """The place after which a page begins, and how many events are before it. Raises BadQuery."""
    if not (text := query.get("after", "")):
        return None, 0
    try:
        after = orjson.loads(base64.urlsafe_b64decode(text.encode()))
        start = int(query.get("start", "0"))
    except (binascii.Error, ValueError) as error:
        raise BadQuery(_BAD_PLACE) from error
    if (
        not (isinstance(after, list) and after)
        or not 0 <= start < 2**53
        or not all(isinstance(key, str | int | None) for key in after)
    ):
        raise BadQuery(_BAD_PLACE)
    return after, start
