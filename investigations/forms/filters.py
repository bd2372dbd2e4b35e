"""A filter as a person makes or changes one: a field, how, and the values."""

from typing import Any, cast

from django import forms

from trail.errors import BadQuery
from trail.events import SECRET
from trail.search import bodies
from trail.search.completion import names
from trail.search.quoting import as_line, from_line
from trail.search.spec import Filter, Operator

MOST_VALUES = 500
# How a filter holds, as a form names it: with which operator, whether turned round, in words.
WAYS = {
    "is": ("is", False, "is"), "is_not": ("is", True, "is not"),
    "one_of": ("is", False, "is one of"), "not_one_of": ("is", True, "is not one of"),
    "exists": ("exists", False, "exists"), "not_exists": ("exists", True, "does not exist"),
    "between": ("between", False, "is between"), "not_between": ("between", True, "is not between"),
    "network": ("network", False, "is in network"), "not_network": ("network", True, "is not in network"),
}  # fmt: skip
_MONO = {"spellcheck": "false", "autocomplete": "off", "autocapitalize": "off", "class": "mono"}


class FilterForm(forms.Form):
    """One chip. `chip` is what was made of it, once it is valid."""

    field = forms.CharField(
        max_length=200, widget=forms.TextInput(attrs={**_MONO, "list": "filter-fields", "autofocus": True}),
        error_messages={"required": "Name the field; the list shows every one."},
    )  # fmt: skip
    how = forms.ChoiceField(label="Operator", choices=[(name, words) for name, (_, _, words) in WAYS.items()])
    values = forms.CharField(
        required=False, label="Value", max_length=100_000, strip=False,
        widget=forms.Textarea(attrs={**_MONO, "rows": 3, "data-ways": "is one_of network"}),
        help_text="One a line where several may do; a network as 10.0.0.0/8.",
    )  # fmt: skip
    low = forms.CharField(
        required=False, label="From", widget=forms.TextInput(attrs={**_MONO, "data-ways": "between"}),
        help_text="Empty leaves this end open.",
    )  # fmt: skip
    high = forms.CharField(
        required=False, label="To", widget=forms.TextInput(attrs={**_MONO, "data-ways": "between"}),
        help_text="Empty leaves this end open. Both ends belong to it.",
    )  # fmt: skip
    pinned = forms.BooleanField(
        required=False, label="Pin it", help_text="It then stays when you begin another search, until you unpin it."
    )
    disabled = forms.BooleanField(required=False, label="Set it aside", help_text="It stays here and is not asked.")

    @classmethod
    def of(cls, chip: Filter, **options: Any) -> "FilterForm":
        """The form that would have made a filter."""
        several = chip.operator == "is" and len(chip.values) > 1
        way = f"{'not_' if chip.negated else ''}one_of" if several else _way(chip)
        ends = chip.values if chip.operator == "between" else ("", "")
        lines = () if chip.operator == "between" else chip.values
        return cls(
            initial={
                "field": chip.field, "how": way, "values": "\n".join(map(as_line, lines)), "low": ends[0],
                "high": ends[1], "pinned": chip.pinned, "disabled": chip.disabled,
            },
            **options,
        )  # fmt: skip

    def clean_field(self) -> str:
        name = str(self.cleaned_data["field"]).strip()
        try:
            Filter(name, operator="exists")
        except BadQuery as error:
            raise forms.ValidationError(error.message) from error
        return name

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not {"field", "how"} <= given.keys():
            return given
        operator, negated, _ = WAYS[given["how"]]
        at_fault = "low" if operator == "between" else "field" if operator == "exists" else "values"
        try:
            self.chip = self._chip(given, cast(Operator, operator), negated)
        except BadQuery as error:
            self.add_error(at_fault, error.message)
        return given

    def _chip(self, given: dict[str, Any], operator: Operator, negated: bool) -> Filter:
        values = self._values(given, operator)
        if any(SECRET.search(value) for value in values):
            raise BadQuery("This looks like a token itself, which is never searched for; treat the token as leaked.")
        made = Filter(
            given["field"], values, negated=negated, operator=operator,
            disabled=given["disabled"], pinned=given["pinned"],
        )  # fmt: skip
        bodies.chosen(made)
        return made

    def _values(self, given: dict[str, Any], operator: str) -> tuple[str, ...]:
        if operator == "exists":
            return ()
        if operator == "between":
            return given["low"], given["high"]
        lines = [line for line in given["values"].splitlines() if line.strip(" \t")]
        if not lines:
            raise BadQuery("Write a value.")
        if len(lines) > 1 and given["how"] in ("is", "is_not"):
            raise BadQuery(f"These are {len(lines)} values: choose “is one of”, or write one.")
        if len(lines) > MOST_VALUES:
            raise BadQuery(f"A filter holds at most {MOST_VALUES} values; ask about a list of indicators instead.")
        return tuple(dict.fromkeys(from_line(line) for line in lines))


def _way(chip: Filter) -> str:
    return next(name for name, way in WAYS.items() if way[:2] == (chip.operator, chip.negated))


def offered() -> list[tuple[str, str]]:
    """The fields to choose from, with their meaning."""
    return [(name.name, f"{name.kind} · {name.help}") for name in names()]
