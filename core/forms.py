"""Provides the form parts that every room uses: widgets, and the form of what several people change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from django import forms

from core.errors import Conflict, Refused


class TextArea(forms.Textarea):
    """Several lines of text. Browsers send each line's end as two characters; what is kept has one."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """The text as it was typed."""
        text = super().value_from_datadict(data, files, name)
        return join_lines(text) if isinstance(text, str) else text


def text_area(rows: int, **attrs: str) -> TextArea:
    """A text area of so many rows, with further HTML attributes."""
    return TextArea(attrs={"rows": rows, **attrs})


class ReasonForm(forms.Form):
    """Why something is withdrawn."""

    reason = forms.CharField(max_length=2_000, widget=text_area(2))


def join_lines(text: str) -> str:
    """A text of several lines with one newline at the end of each, whoever wrote it."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_number(text: str, *, most: int = 99_999_999) -> int | None:
    """A whole number from 0 to `most`, as an address or a form holds it; None for any other text, however long."""
    if not text.isdecimal() or len(text) > len(str(most)):
        return None
    return number if (number := int(text)) <= most else None


def try_change(form: forms.Form, change: Callable[[], object]) -> bool:
    """Carry a change out; False when a rule says no, which the form then shows beside what was typed."""
    try:
        change()
    except Refused as refused:
        form.add_error(None, refused.sentence)
        return False
    return True


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that two people have filled in differently."""

    label: str
    theirs: str
    mine: str


class RevisedForm(forms.Form):
    """A form of something that several people change: it says which revision of it was shown, so that none is lost."""

    revision = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)
    differences: tuple[Difference, ...] = ()

    def clean_revision(self) -> int:
        """The revision that was shown; 0, which nothing ever has, where the form does not say."""
        return self.cleaned_data["revision"] or 0

    def show_conflict(self, conflict: Conflict, current: Mapping[str, Any]) -> None:
        """Show what stands there now beside what was typed; sent once more, the form replaces what it has shown.

        `current` are the values of the fields as they stand now, `revision` among them.
        """
        self.differences = tuple(
            Difference(
                str(self[name].label), self._text(name, current[name]), self._text(name, self.cleaned_data[name])
            )
            for name in self.fields
            if name != "revision" and current[name] != self.cleaned_data[name]
        )
        self.add_error(None, conflict.sentence)
        self.data = {**self.data.dict(), "revision": str(current["revision"])}  # type: ignore[attr-defined]

    def save_change(
        self,
        change: Callable[[], object],
        read_current: Callable[[], Mapping[str, Any]],
        *,
        marks_field: bool = False,
    ) -> int:
        """Carry a change out as the form says; the status of the answer: 200, 400 where something is wrong, 409 for a conflict.

        `read_current` gives what `show_conflict` shows; a refusal stands at the field that it names where it `marks_field`.
        """
        if not self.is_valid():
            return 400
        try:
            change()
        except Conflict as conflict:
            self.show_conflict(conflict, read_current())
            return 409
        except Refused as refused:
            self.add_error(refused.field if marks_field else None, refused.sentence)
            return 400
        return 200

    def _text(self, name: str, value: Any) -> str:
        field = self.fields[name]
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list):
            return ", ".join(self._text(name, item) for item in value)
        choices = dict(cast(Any, field.choices)) if isinstance(field, forms.ChoiceField) else {}
        return str(choices.get(value, value))
