"""Checks what people write as notes."""

from typing import Any

from django import forms

from accounts.models import User
from core.forms import RevisedForm, text_area
from investigations.models import Case

_HELP = (
    "Markdown is understood. E12, an event, a token, an address or C-2026-0042 becomes a link; @name tells that person."
)


class NoteForm(forms.Form):
    """A note of a case."""

    text = forms.CharField(max_length=20_000, label="Note", widget=text_area(5), help_text=_HELP)


class NoteEditForm(NoteForm, RevisedForm):
    """A note, edited."""


class CaseNoteForm(NoteForm):
    """A note, and in which case."""

    case = forms.ChoiceField(error_messages={"invalid_choice": "Choose an open case that you may write to."})
    field_order = ("case", "text")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        case = self.fields["case"]
        assert isinstance(case, forms.ChoiceField)
        case.choices = [(case.public_id, f"{case.number} {case.title}") for case in Case.objects.writable_by(user)]
