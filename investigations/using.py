"""What a search can become, and where that begins. Nothing here asks the trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from trail.search.spec import Search

# Web servers take a first line of 8 KB; what they refuse they refuse without a sentence.
MAX_ADDRESS = 7_500


@dataclass(frozen=True, slots=True)
class Uses:
    """Of one search: its words as the fields of a form, and the addresses where it becomes something else."""

    fields: tuple[tuple[str, str], ...]
    address: str
    query: str
    moves: bool


def uses(search: Search) -> Uses:
    """What can be made of a search. `moves`: its times are relative, so that it asks for other events tomorrow."""
    return Uses(
        fields=fields_of(search),
        address=urlencode(search.to_query(), doseq=True),
        query=f"{reverse('admin:investigations_savedquery_add')}?{urlencode(as_query_form(search))}",
        moves=any((end or "").startswith("now") for end in (search.start, search.end)),
    )


def fields_of(search: Search) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, values in search.to_query().items() for value in values)


def address_of(search: Search, **context: str) -> str | None:
    """The search page's address for a search, unless it would be too long for a browser or a proxy."""
    query: Mapping[str, Any] = {**search.to_query(), **context}
    address = f"{reverse('search')}?{urlencode(query, doseq=True)}"
    return address if len(address) <= MAX_ADDRESS else None


def as_query_form(search: Search) -> dict[str, str]:
    """The fields of the library's form, filled in: text, beginning, a line for each blank, and the rest as its address."""
    kept = search.to_json()
    parameters = "\n".join(f"{name} | {name} | text | {', '.join(values)}" for name, values in search.parameters)
    rest = {name: values for name, values in kept.items() if name not in ("q", "from", "until") and name[:2] != "p."}
    return {
        "text": search.text, "start": search.start or "", "parameters": parameters,
        "rest": "\n".join(f"{name}={value}" for name, values in rest.items() for value in values),
    }  # fmt: skip
