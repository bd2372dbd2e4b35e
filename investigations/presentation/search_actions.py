"""Builds what a search can become: a link, a run, a detection, a saved query."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode

from investigations.search_url import form_fields
from trail.search.spec import Search


@dataclass(frozen=True, slots=True)
class SearchActions:
    """Of one search: its words as the fields of a form and as an address has them, and where it becomes a saved query (`query`).

    `moves`: its times are relative, so that it asks for other events tomorrow.
    """

    fields: list[tuple[str, str]]
    address: str
    query: str
    moves: bool


def build_actions(search: Search) -> SearchActions:
    """What can be made of a search."""
    return SearchActions(
        fields=form_fields(search),
        address=urlencode(search.to_query(), doseq=True),
        query=f"{reverse('admin:investigations_savedquery_add')}?{urlencode(_saved_query_fields(search))}",
        moves=any((end or "").startswith("now") for end in (search.start, search.end)),
    )


def _saved_query_fields(search: Search) -> dict[str, str]:
    """The fields of the library's form, filled in: text, beginning, a line for each placeholder, the others as its address."""
    fields = search.to_json()
    others = {
        name: values for name, values in fields.items() if name not in ("q", "from", "until") and name[:2] != "p."
    }
    return {
        "text": search.text,
        "start": search.start or "",
        "parameters": "\n".join(f"{name} | {name} | text | {', '.join(values)}" for name, values in search.parameters),
        "rest": "\n".join(f"{name}={value}" for name, values in others.items() for value in values),
    }
