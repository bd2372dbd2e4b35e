"""Checks what a person types to narrow a timeline by a field."""

from django.http import QueryDict

from investigations.search.forms import FilterForm
from trail.search.spec import Filter

_ID = "filter-%s"


class EvidenceFilterForm(FilterForm):
    """That of the search page, without what stays from search to search."""

    pinned = None  # type: ignore[assignment]  # Django's way to leave out an inherited field


def build_form(data: QueryDict | None, old: Filter | None, field: str) -> FilterForm:
    """The form as it was sent, that of a filter there is, or an empty one for a field."""
    if data is not None:
        return EvidenceFilterForm.from_post(data)
    return EvidenceFilterForm.for_filter(old) if old else EvidenceFilterForm.for_field(field)
