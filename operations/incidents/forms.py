"""What people type about incidents."""

from django import forms

from operations.models import Incident


class IncidentFilter(forms.Form):
    """Which incidents the list shows."""

    state = forms.ChoiceField(
        choices=(("", "Unresolved"), ("failing", "Still failing"), ("resolved", "Resolved"), ("all", "All")),
        required=False,
    )
    kind = forms.ChoiceField(choices=(("", "Every kind"), *Incident.Kind.choices), required=False)


class NoteForm(forms.Form):
    text = forms.CharField(max_length=2_000, label="Note", widget=forms.Textarea(attrs={"rows": 3}))


class ResolveForm(forms.Form):
    text = forms.CharField(
        max_length=2_000,
        label="What it was, and what was done",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say what it was: this is what remains of the incident."},
    )


class SilenceForm(forms.Form):
    """After how long a writer counts as silent."""

    writer = forms.CharField(max_length=512)
    silent_after = forms.IntegerField(
        min_value=30, max_value=31_536_000, required=False, label="Silent after, in seconds",
        help_text="Empty: twice its longest pause so far, ten minutes at the least.",
    )  # fmt: skip
