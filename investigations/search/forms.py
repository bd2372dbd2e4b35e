"""Checks what a person types to make a filter, and what a table of events is to remember."""

from typing import Any, cast

import orjson
from django import forms
from django.http import QueryDict

from investigations.models import TablePreference
from investigations.presentation.columns import NARROWEST, WIDEST
from trail.errors import BadQuery
from trail.redaction import holds_secret
from trail.schema import field_of
from trail.search.bodies.query import build_filter
from trail.search.language.caret import list_names
from trail.search.language.escapes import as_line, from_line
from trail.search.spec import MOST_COLUMNS, Filter, Operator, Search

MOST_VALUES = 500
# How a filter holds, as a form names it: with which operator, whether turned round, in words.
WAYS = {
    "is": ("is", False, "is"), "is_not": ("is", True, "is not"),
    "one_of": ("is", False, "is one of"), "not_one_of": ("is", True, "is not one of"),
    "exists": ("exists", False, "exists"), "not_exists": ("exists", True, "does not exist"),
    "between": ("between", False, "is between"), "not_between": ("between", True, "is not between"),
    "network": ("network", False, "is in network"), "not_network": ("network", True, "is not in network"),
}  # fmt: skip
_FILTER_ID = "filter-%s"
_MONO = {"spellcheck": "false", "autocomplete": "off", "autocapitalize": "off", "class": "mono"}


class FilterForm(forms.Form):
    """One chip. `chip` is what was made of it, once it is valid."""

    field = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={**_MONO, "list": "filter-fields", "autofocus": True}),
        error_messages={"required": "Name the field; the list shows every one."},
    )
    how = forms.ChoiceField(label="Operator", choices=[(name, words) for name, (_, _, words) in WAYS.items()])
    values = forms.CharField(
        required=False,
        label="Value",
        max_length=100_000,
        strip=False,
        widget=forms.Textarea(attrs={**_MONO, "rows": 3, "data-ways": "is one_of network"}),
        help_text="One a line where several may do; a network as 10.0.0.0/8.",
    )
    low = forms.CharField(
        required=False,
        label="From",
        widget=forms.TextInput(attrs={**_MONO, "data-ways": "between"}),
        help_text="Empty leaves this end open.",
    )
    high = forms.CharField(
        required=False,
        label="To",
        widget=forms.TextInput(attrs={**_MONO, "data-ways": "between"}),
        help_text="Empty leaves this end open. Both ends belong to it.",
    )
    pinned = forms.BooleanField(
        required=False, label="Pin it", help_text="It then stays when you begin another search, until you unpin it."
    )
    disabled = forms.BooleanField(required=False, label="Set it aside", help_text="It stays here and is not asked.")

    @classmethod
    def from_post(cls, data: QueryDict) -> "FilterForm":
        """The form as it was sent."""
        return cls(data, auto_id=_FILTER_ID)

    @classmethod
    def for_field(cls, name: str) -> "FilterForm":
        """The empty form for a filter of a field."""
        return cls(initial={"field": name, "how": "is"}, auto_id=_FILTER_ID)

    @classmethod
    def for_filter(cls, chip: Filter) -> "FilterForm":
        """The form that would have made a filter."""
        several = chip.operator == "is" and len(chip.values) > 1
        low, high = chip.values if chip.operator == "between" else ("", "")
        lines = () if chip.operator == "between" else chip.values
        initial = {
            "field": chip.field,
            "how": f"{'not_' if chip.negated else ''}one_of" if several else _way_of(chip),
            "values": "\n".join(map(as_line, lines)),
            "low": low,
            "high": high,
            "pinned": chip.pinned,
            "disabled": chip.disabled,
        }
        return cls(initial=initial, auto_id=_FILTER_ID)

    def clean_field(self) -> str:
        name = str(self.cleaned_data["field"]).strip()
        try:
            Filter(name, operator="exists")
        except BadQuery as error:
            raise forms.ValidationError(error.message) from error
        return name

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not {"field", "how"} <= values.keys():
            return values
        operator, negated, _ = WAYS[values["how"]]
        field_at_fault = "low" if operator == "between" else "field" if operator == "exists" else "values"
        try:
            self.chip = self._build_filter(values, cast(Operator, operator), negated)
        except BadQuery as error:
            self.add_error(field_at_fault, error.message)
        return values

    def _build_filter(self, cleaned: dict[str, Any], operator: Operator, negated: bool) -> Filter:
        values = self._read_values(cleaned, operator)
        if any(holds_secret(value) for value in values):
            raise BadQuery("This looks like a token itself, which is never searched for; treat the token as leaked.")
        chip = Filter(
            cleaned["field"],
            values,
            negated=negated,
            operator=operator,
            disabled=cleaned["disabled"],
            pinned=cleaned.get("pinned", False),
        )
        build_filter(chip)
        return chip

    def _read_values(self, cleaned: dict[str, Any], operator: str) -> tuple[str, ...]:
        if operator == "exists":
            return ()
        if operator == "between":
            return cleaned["low"], cleaned["high"]
        lines = [line for line in cleaned["values"].splitlines() if line.strip(" \t")]
        if not lines:
            raise BadQuery("Write a value.")
        if len(lines) > 1 and cleaned["how"] in ("is", "is_not"):
            raise BadQuery(f"These are {len(lines)} values: choose “is one of”, or write one.")
        if len(lines) > MOST_VALUES:
            raise BadQuery(f"A filter holds at most {MOST_VALUES} values; ask about a list of indicators instead.")
        return tuple(dict.fromkeys(from_line(line) for line in lines))


def _way_of(chip: Filter) -> str:
    return next(name for name, way in WAYS.items() if way[:2] == (chip.operator, chip.negated))


def list_fields() -> list[tuple[str, str]]:
    """The fields to choose from, with their meaning."""
    return [(name.name, f"{name.kind} · {name.help}") for name in list_names()]


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
