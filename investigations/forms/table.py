"""What a person wants of the table of events: columns, widths, density, wrapping. Each post says one or more of these."""

from typing import Any

import orjson
from django import forms
from django.http import QueryDict

from investigations.columns import NARROWEST, WIDEST
from investigations.models import TablePreference
from trail.errors import BadQuery
from trail.schema import field_of
from trail.search.spec import MOST_COLUMNS, Search


class TableForm(forms.Form):
    """Only what a post names is changed. `widths` is JSON, pixels by field."""

    density = forms.ChoiceField(choices=TablePreference.Density, required=False)
    wrap = forms.TypedChoiceField(
        choices=(("yes", "yes"), ("no", "no")), coerce="yes".__eq__, required=False, empty_value=None
    )
    widths = forms.CharField(max_length=20_000, required=False)
    columns = forms.CharField(max_length=8_000, required=False)

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data.dict() | {"columns": ",".join(filter(None, data.getlist("columns")))})

    def clean_columns(self) -> list[str]:
        try:
            named = Search.from_query({"columns": [self.cleaned_data["columns"]]}).columns
        except BadQuery as error:
            raise forms.ValidationError(error.message) from error
        return list(named) if self.cleaned_data["columns"] else []

    def clean_widths(self) -> dict[str, int]:
        try:
            widths: Any = orjson.loads(self.cleaned_data["widths"] or "{}")
        except orjson.JSONDecodeError:
            widths = None
        if not isinstance(widths, dict) or len(widths) > MOST_COLUMNS or not all(map(_is_width, widths.items())):
            raise forms.ValidationError(f"Widths are whole numbers of pixels from {NARROWEST} to {WIDEST} by field.")
        return widths

    def changes(self) -> dict[str, Any]:
        """What is to be remembered, by the names of TablePreference."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [], {})}


def _is_width(item: tuple[str, Any]) -> bool:
    name, width = item
    return field_of(name) is not None and type(width) is int and NARROWEST <= width <= WIDEST
