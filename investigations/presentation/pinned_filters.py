"""Keeps the filters that a person has pinned: they stay when another search is begun, until they are taken off.

They are the person's own and lie in the session: `^` in somebody else's address pins nothing here, and what is pinned here is
never added to an address that says what it asks for. They are added where a search is begun: at the bare page, from an
identifier, from the library.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from core.errors import Refused
from trail.errors import BadQuery
from trail.reserved_names import AUDIT_DATASET
from trail.search.spec import Filter, Search

KEY = "pinned"
MOST = 12
# What the console itself wrote is seldom what is looked for; a chip says that it is left out.
WITHOUT_CONSOLE = Filter("event.dataset", (AUDIT_DATASET,), negated=True)
MOST_CHARACTERS = 4_000  # together with a query they still fit into an address


def pinned_in(session: SessionBase) -> tuple[Filter, ...]:
    """The filters that are pinned, with whether each is turned round or set aside."""
    return tuple(_parse(session.get(KEY, ())))


def _parse(texts: Iterable[str]) -> Iterable[Filter]:
    for text in texts:
        try:
            yield Filter.parse(text)
        except BadQuery:
            continue  # of a field that there is no longer


def replace_pin(session: SessionBase, old: Filter | None, new: Filter | None) -> None:
    """Pins `new` in the place of `old`, if it is to be pinned. Raises Refused beyond what an address can carry."""
    pinned = list(pinned_in(session))
    at = pinned.index(old) if old in pinned else len(pinned)
    pinned[at : at + 1] = [new] if new is not None and new.pinned else []
    texts = [str(chip) for chip in dict.fromkeys(pinned)]
    if len(texts) > MOST or sum(map(len, texts)) > MOST_CHARACTERS:
        raise Refused("So much cannot be pinned: an address has to hold it all. Unpin another filter first.")
    session[KEY] = texts


def begins_search(query: Mapping[str, Any]) -> bool:
    """Whether an address asks for nothing of its own, whatever case is worked in."""
    return set(query) <= {"case"}


def without_console(search: Search) -> Search:
    """A search that is begun without the console's own events, unless it says itself of which sources its events are."""
    says = any(chip.field == WITHOUT_CONSOLE.field for chip in search.filters) or WITHOUT_CONSOLE.field in search.text
    return search if says else search.with_filter(WITHOUT_CONSOLE)


def with_pinned(search: Search, session: SessionBase) -> Search:
    """A search that is begun, with what is pinned; what it asks itself of the same filter stays as it asks."""
    in_search = {_without_signs(chip) for chip in search.filters}
    added = tuple(chip for chip in pinned_in(session) if _without_signs(chip) not in in_search)
    return replace(search, filters=(*search.filters, *added))


def begin(search: Search, session: SessionBase) -> Search:
    """A search as it is begun: with what is pinned, and without the console's own events."""
    return without_console(with_pinned(search, session))


def absent_from(search: Search, session: SessionBase) -> tuple[Filter, ...]:
    """What is pinned and not in this search, which was not begun here."""
    return tuple(chip for chip in pinned_in(session) if chip not in search.filters)


def _without_signs(chip: Filter) -> Filter:
    return replace(chip, negated=False, disabled=False, pinned=False)
