"""Checks what people enter into a timeline by hand."""

from typing import Any

from django import forms
from django.utils import timezone

from core.forms import RevisedForm, text_area
from investigations.manual_events.services import ManualEventWords
from investigations.models import ManualEvent, Phase
from investigations.time_field import TimeField


class ManualEventForm(forms.Form):
    """What happened, when, of which kind, and the phase that begins with it, if one does."""

    title = forms.CharField(max_length=300, label="What happened")
    kind = forms.ChoiceField(choices=ManualEvent.Kind)
    starts = TimeField(label="When")
    ends = TimeField(label="Until", required=False, help_text="Empty where it took no time.")
    phase = forms.ChoiceField(choices=[("", "none"), *Phase.choices], required=False, label="Phase that begins with it")
    details = forms.CharField(
        max_length=5_000, required=False, widget=text_area(4), help_text="Markdown is understood."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts"].help_text = f"In {timezone.get_current_timezone_name()}, unless it ends with Z or +02:00."

    def read_words(self) -> ManualEventWords:
        """What was entered, once the form is valid."""
        return ManualEventWords(**{name: self.cleaned_data[name] for name in ManualEventForm.base_fields})


class ManualEventChangeForm(ManualEventForm, RevisedForm):
    """A hand-made event, changed."""
