"""Checks what people type when they merge a case into another."""

from django import forms

from core.forms import text_area
from investigations.cases.numbers import read_number


class MergeForm(forms.Form):
    """Into which case, and why."""

    number = forms.CharField(
        max_length=20, label="Into case", help_text="Its number, such as C-2026-0042. You lead it too."
    )
    reason = forms.CharField(
        max_length=2_000, widget=text_area(4), help_text="Why they are one case, for who reads either of them later."
    )

    def clean_number(self) -> str:
        """The number as it is written."""
        number = read_number(str(self.cleaned_data["number"]))
        if not number:
            raise forms.ValidationError("A case's number reads like C-2026-0042.")
        return number
