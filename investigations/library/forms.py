"""Checks what people type into the library: an analyst fills blanks in, an admin writes queries."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError

from core.errors import Conflict
from core.forms import text_area
from investigations.models import QueryParameter, SavedQuery, SavedQueryVersion
from trail.errors import BadQuery
from trail.field_checks import is_ip
from trail.search.language.parser import list_placeholders
from trail.search.spec import Search
from trail.times import is_time

if TYPE_CHECKING:
    SavedQueryModelForm = forms.ModelForm[SavedQuery]
else:
    SavedQueryModelForm = forms.ModelForm

MAX_VALUES = 500
# What of a search is neither its text nor its beginning, by the words of its address.
_FURTHER_WORDS = ("f", "to", "sort", "columns", "stack")
_PARAMETER_LINE = re.compile(r"^\$?([a-z][a-z0-9_]*)\s*\|\s*([^|]+?)\s*\|\s*([a-z]+)\s*(?:\|\s*(.*?)\s*)?$")


class ParametersForm(forms.Form):
    """One field for each blank of a version, checked by its kind."""

    start = forms.CharField(required=False, label="From", help_text="2026-11-24T09:30:00Z, 2026-11-24 or now-7d")
    end = forms.CharField(required=False, label="To", help_text="The end of what is asked; empty is the present.")

    def __init__(self, *args: Any, version: SavedQueryVersion, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.version = version
        self.parameters = list(version.parameters.all())
        search = Search.from_json(version.search)
        self.fields["start"].initial, self.fields["end"].initial = search.start or "", search.end or ""
        for parameter in self.parameters:
            self.fields[f"p.{parameter.name}"] = forms.CharField(
                label=parameter.label,
                initial=parameter.default,
                max_length=100_000,
                help_text=parameter.help,
                validators=[build_validator(parameter.kind)],
                widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off", "class": "mono"}),
            )
        self.order_fields([f"p.{parameter.name}" for parameter in self.parameters])

    def clean(self) -> dict[str, Any]:
        """The blanks filled in; `search` is then what is asked."""
        values = super().clean() or {}
        if not self.errors:
            try:
                self.search = self._search(values)
            except BadQuery as error:
                raise ValidationError(error.message) from error
        return values

    def _search(self, values: Mapping[str, Any]) -> Search:
        query = dict(self.version.search) | {
            f"p.{parameter.name}": split_values(values[f"p.{parameter.name}"]) for parameter in self.parameters
        }
        query |= {"from": [values["start"]], "to": [values["end"]]}
        return Search.from_query(query)


def split_values(text: str) -> list[str]:
    """Several values, one a line or with commas between."""
    return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]


def build_validator(kind: str) -> Any:
    """A validator that knows what a parameter's kind may hold."""

    def check(text: str) -> None:
        values = split_values(text)
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
        case QueryParameter.Kind.TIME if not is_time(value):
            return f"{value} is no time; write 2026-11-24 or 2026-11-24T09:30:00Z."
        case QueryParameter.Kind.NUMBER if not re.match(r"^-?\d{1,18}$", value):
            return f"{value} is no whole number."
    return None


class SavedQueryForm(SavedQueryModelForm):
    """An admin writes a query: its text, and a line for each blank."""

    text = forms.CharField(
        label="Query",
        widget=text_area(4, cols="90", spellcheck="false"),
        help_text="As in the search box. $name stands for a value that the analyst fills in.",
    )
    start = forms.CharField(required=False, label="From", help_text="now-30d, a date, or empty for all of history")
    parameters = forms.CharField(
        required=False,
        widget=text_area(4, cols="90", spellcheck="false"),
        help_text="One a line: name | label | kind | default. Kinds: " + ", ".join(QueryParameter.Kind.values),
    )

    rest = forms.CharField(
        required=False,
        label="Filters, end, order, columns",
        widget=text_area(4, cols="90", spellcheck="false"),
        help_text="One a line, as in a search's address: f=event.outcome:failure, to=2026-12-01, sort=user.id:asc",
    )

    shown_revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = SavedQuery
        fields = ("name", "slug", "group", "description", "retired")
        widgets: ClassVar = {"description": text_area(10, cols="40")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial.update(_words_of(self.instance))

    def clean_text(self) -> str:
        """The query, which must be one."""
        text = str(self.cleaned_data["text"]).strip()
        try:
            list_placeholders(text)
        except BadQuery as error:
            where = "" if error.position is None else f" (at character {error.position + 1})"
            raise ValidationError(f"{error.message}{where}") from error
        return text

    def clean_rest(self) -> dict[str, list[str]]:
        """The further words of a search's address, by their names."""
        words: dict[str, list[str]] = {}
        for number, line in enumerate(str(self.cleaned_data["rest"]).splitlines(), 1):
            name, _, value = line.strip().partition("=")
            if line.strip() and name not in _FURTHER_WORDS:
                raise ValidationError(f"Line {number}: write one of {', '.join(_FURTHER_WORDS)}, then = and the value.")
            if line.strip():
                words.setdefault(name, []).append(value)
        return words

    def clean_parameters(self) -> list[dict[str, str]]:
        """Each blank with its name, label, kind and default."""
        parameters = []
        for number, line in enumerate(str(self.cleaned_data["parameters"]).splitlines(), 1):
            if not line.strip():
                continue
            match = _PARAMETER_LINE.match(line.strip())
            if match is None or match.group(3) not in QueryParameter.Kind.values:
                raise ValidationError(f"Line {number}: write name | label | kind | default, with a kind listed below.")
            name, label, kind, default = match.groups()
            parameters.append({"name": name, "label": label, "kind": kind, "default": default or ""})
        return parameters

    def clean(self) -> dict[str, Any]:
        """The blanks must be those of the query, and the whole a search; `search` is it then."""
        values = super().clean() or {}
        if self.instance.pk:
            self._refuse_stale(values)
        if "text" in values and "parameters" in values:
            named, described = list_placeholders(values["text"]), [blank["name"] for blank in values["parameters"]]
            if set(named) != set(described) or len(described) != len(set(described)):
                raise ValidationError(
                    f"The query names {_named(named)}, the parameters {_named(described)}; they must be the same."
                )
        try:
            self.search = Search.from_query({"q": [values.get("text", "")], "from": [values.get("start", "")]})
            self.search = Search.from_query(self.search.to_query() | values.get("rest", {}))
        except BadQuery as error:
            self.add_error("rest" if hasattr(self, "search") else "start", error.message)
        return values

    def _refuse_stale(self, values: Mapping[str, Any]) -> None:
        """Refuse a form that was shown before somebody else's change, with what stands there now. Sent again, it is taken."""
        current = SavedQuery.objects.select_for_update().get(pk=self.instance.pk)
        if current.revision == (values.get("shown_revision") or 0):
            return
        self.data = {**self.data.dict(), "shown_revision": str(current.revision)}  # type: ignore[attr-defined]
        words = _words_of(current) | {name: getattr(current, name) for name in ("name", "group", "description")}
        differences = [
            f"{self.fields[name].label or name.capitalize()} is now: {words[name] or 'empty'}"
            for name in words
            if name != "shown_revision" and str(words[name]) != self.data.get(name, "").replace("\r\n", "\n").strip()
        ]
        raise ValidationError([Conflict().sentence, *differences])


def _words_of(query: SavedQuery) -> dict[str, Any]:
    """What the form holds beside the query's own fields."""
    words: dict[str, Any] = {"shown_revision": query.revision}
    if (version := query.current) is None:
        return words
    blanks = ((blank.name, blank.label, blank.kind, blank.default) for blank in version.parameters.all())
    # By our own order: PostgreSQL keeps none of the names of an object.
    further = {name: version.search[name] for name in _FURTHER_WORDS if name in version.search}
    return words | {
        "text": version.text,
        "start": (version.search.get("from") or [""])[0],
        "rest": "\n".join(f"{name}={value}" for name, values in further.items() for value in values),
        "parameters": "\n".join(" | ".join(blank).rstrip(" |") for blank in blanks),
    }


def _named(names: Any) -> str:
    return ", ".join(f"${name}" for name in names) or "none"
