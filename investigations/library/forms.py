"""What people type into the library: an analyst fills blanks in, an admin writes queries."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from investigations.models import QueryParameter, SavedQuery, SavedQueryVersion
from trail.errors import BadQuery
from trail.events import is_ip, is_time
from trail.search.language import placeholders
from trail.search.spec import Search

if TYPE_CHECKING:
    SavedQueryModelForm = forms.ModelForm[SavedQuery]
else:
    SavedQueryModelForm = forms.ModelForm

MAX_VALUES = 500
# What of a search is neither its text nor its beginning, by the words of its address.
_REST = ("f", "to", "sort", "columns", "stack")
_PARAMETER_LINE = re.compile(r"^\$?([a-z][a-z0-9_]*)\s*\|\s*([^|]+?)\s*\|\s*([a-z]+)\s*(?:\|\s*(.*?)\s*)?$")


class ParametersForm(forms.Form):
    """One field for each blank of a version, checked by its kind."""

    start = forms.CharField(required=False, label="From", help_text="2026-11-24T09:30:00Z, 2026-11-24 or now-7d")
    end = forms.CharField(required=False, label="To", help_text="The end of what is asked; empty is the present.")

    def __init__(self, *args: Any, version: SavedQueryVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.version = version
        self.parameters = list(version.parameters.all())
        kept = Search.from_json(version.search)
        self.fields["start"].initial, self.fields["end"].initial = kept.start or "", kept.end or ""
        for parameter in self.parameters:
            self.fields[f"p.{parameter.name}"] = forms.CharField(
                label=parameter.label, initial=parameter.default, max_length=100_000, help_text=parameter.help,
                validators=[checks(parameter.kind)],
                widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off", "class": "mono"}),
            )  # fmt: skip
        self.order_fields([f"p.{parameter.name}" for parameter in self.parameters])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if not self.errors:
            try:
                self.search = self._search(values)
            except BadQuery as error:
                raise ValidationError(error.message) from error
        return values

    def _search(self, values: Mapping[str, Any]) -> Search:
        query = dict(self.version.search) | {
            f"p.{parameter.name}": split(values[f"p.{parameter.name}"]) for parameter in self.parameters
        }
        query |= {"from": [values["start"]], "to": [values["end"]]}
        return Search.from_query(query)


def split(text: str) -> list[str]:
    """Several values, one a line or with commas between."""
    return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]


def checks(kind: str) -> Any:
    """A validator that knows what a parameter's kind may hold."""

    def check(text: str) -> None:
        values = split(text)
        if not values:
            raise ValidationError("Fill this in.")
        if len(values) > MAX_VALUES:
            raise ValidationError(f"At most {MAX_VALUES} values at once.")
        for value in values:
            if problem := _problem(kind, value):
                raise ValidationError(problem)

    return check


def _problem(kind: str, value: str) -> str | None:
    match kind:
        case QueryParameter.Kind.IP:
            address, _, bits = value.partition("/")
            if not is_ip(address) or (bits and not bits.isdigit()):
                return f"{value} is no address; write 192.0.2.7 or a network such as 192.0.2.0/24."
        case QueryParameter.Kind.TIME if not is_time(value) and not re.match(r"^\d{4}-\d\d-\d\d$", value):
            return f"{value} is no time; write 2026-11-24 or 2026-11-24T09:30:00Z."
        case QueryParameter.Kind.NUMBER if not re.match(r"^-?\d{1,18}$", value):
            return f"{value} is no whole number."
    return None


class SavedQueryForm(SavedQueryModelForm):
    """An admin writes a query: its text, and a line for each blank."""

    text = forms.CharField(
        label="Query", widget=forms.Textarea(attrs={"rows": 4, "cols": 90, "spellcheck": "false"}),
        help_text="As in the search box. $name stands for a value that the analyst fills in.",
    )  # fmt: skip
    start = forms.CharField(required=False, label="From", help_text="now-30d, a date, or empty for all of history")
    parameters = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 4, "cols": 90, "spellcheck": "false"}),
        help_text="One a line: name | label | kind | default. Kinds: " + ", ".join(QueryParameter.Kind.values),
    )  # fmt: skip

    rest = forms.CharField(
        required=False, label="Filters, end, order, columns",
        widget=forms.Textarea(attrs={"rows": 4, "cols": 90, "spellcheck": "false"}),
        help_text="One a line, as in a search's address: f=event.outcome:failure, to=2026-12-01, sort=user.id:asc",
    )  # fmt: skip

    class Meta:
        model = SavedQuery
        fields = ("name", "slug", "group", "description", "retired")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        current = self.instance.current if self.instance.pk else None
        if current is not None:
            blanks = ((one.name, one.label, one.kind, one.default) for one in current.parameters.all())
            self.initial["text"] = current.text
            self.initial["start"] = (current.search.get("from") or [""])[0]
            rest = {name: values for name, values in current.search.items() if name in _REST}
            self.initial["rest"] = "\n".join(f"{name}={value}" for name, values in rest.items() for value in values)
            self.initial["parameters"] = "\n".join(" | ".join(blank).rstrip(" |") for blank in blanks)

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"]).strip()
        try:
            placeholders(text)
        except BadQuery as error:
            where = "" if error.position is None else f" (at character {error.position + 1})"
            raise ValidationError(f"{error.message}{where}") from error
        return text

    def clean_rest(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for number, line in enumerate(str(self.cleaned_data["rest"]).splitlines(), 1):
            name, _, value = line.strip().partition("=")
            if line.strip() and name not in _REST:
                raise ValidationError(f"Line {number}: write one of {', '.join(_REST)}, then = and the value.")
            if line.strip():
                found.setdefault(name, []).append(value)
        return found

    def clean_parameters(self) -> list[dict[str, str]]:
        found = []
        for number, line in enumerate(str(self.cleaned_data["parameters"]).splitlines(), 1):
            if not line.strip():
                continue
            match = _PARAMETER_LINE.match(line.strip())
            if match is None or match.group(3) not in QueryParameter.Kind.values:
                raise ValidationError(f"Line {number}: write name | label | kind | default, with a kind listed below.")
            name, label, kind, default = match.groups()
            found.append({"name": name, "label": label, "kind": kind, "default": default or ""})
        return found

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "text" in values and "parameters" in values:
            wanted, given = placeholders(values["text"]), [one["name"] for one in values["parameters"]]
            if set(wanted) != set(given) or len(given) != len(set(given)):
                raise ValidationError(
                    f"The query names {_named(wanted)}, the parameters {_named(given)}; they must be the same."
                )
        try:
            self.search = Search.from_query({"q": [values.get("text", "")], "from": [values.get("start", "")]})
            self.search = Search.from_query(self.search.to_query() | values.get("rest", {}))
        except BadQuery as error:
            self.add_error("rest" if hasattr(self, "search") else "start", error.message)
        return values


def _named(names: Any) -> str:
    return ", ".join(f"${name}" for name in names) or "none"
