"""Checks what people note of the clock of a source."""

from django import forms

from investigations.clock_skews.offsets import read_offset
from investigations.models import ClockSkew


class ClockSkewForm(forms.Form):
    """A source, how far its clock was from the true time, and how that is known."""

    field = forms.ChoiceField(choices=ClockSkew.Field, label="Source by")
    value = forms.CharField(max_length=512, label="Its name", help_text="As it stands in the events.")
    length = forms.CharField(max_length=60, label="Its clock was", help_text="95.2 s, or 1 h 2 min.")
    direction = forms.ChoiceField(choices=[("ahead", "ahead"), ("behind", "behind")], label="ahead or behind")
    reason = forms.CharField(max_length=500, label="How that is known")

    def clean_length(self) -> int:
        """Nanoseconds."""
        try:
            return read_offset(self.cleaned_data["length"])
        except ValueError as error:
            raise forms.ValidationError("Write a length such as 95.2 s or 1 h 2 min, of at most 400 days.") from error

    def read_offset(self) -> int:
        """Nanoseconds by which the clock was ahead, once the form is valid."""
        length: int = self.cleaned_data["length"]
        return length if self.cleaned_data["direction"] == "ahead" else -length
