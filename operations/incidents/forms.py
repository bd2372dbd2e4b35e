"""Checks what people type about incidents."""

from django import forms

from core.forms import text_area
from operations.models import Incident


class IncidentFilter(forms.Form):
    """Which incidents the list shows."""

    state = forms.ChoiceField(
        choices=(("", "Unresolved"), ("failing", "Still failing"), ("resolved", "Resolved"), ("all", "All")),
        required=False,
    )
    kind = forms.ChoiceField(choices=(("", "Every kind"), *Incident.Kind.choices), required=False)


class IncidentNoteForm(forms.Form):
    text = forms.CharField(max_length=2_000, label="Note", widget=text_area(3))


class ResolveForm(forms.Form):
    text = forms.CharField(
        max_length=2_000,
        label="What it was, and what was done",
        widget=text_area(3),
        error_messages={"required": "Say what it was: this is what remains of the incident."},
    )
