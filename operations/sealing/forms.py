"""Checks what people ask of the log: two sizes of which one is proved to go on from the other, and who may read it."""

from typing import Any

from django import forms

MOST = 2**63 - 1


class ConsistencyForm(forms.Form):
    """The older size first."""

    old = forms.IntegerField(label="Older size, in events", min_value=0, max_value=MOST)
    new = forms.IntegerField(label="Newer size, in events", min_value=0, max_value=MOST)

    def clean(self) -> dict[str, Any]:
        sizes: dict[str, Any] = super().clean() or self.cleaned_data
        if {"old", "new"} <= sizes.keys() and sizes["old"] > sizes["new"]:
            self.add_error("new", "The newer size is not smaller than the older one.")
        return sizes


class OpeningForm(forms.Form):
    """Whether everybody may read the log's hashes. What is wanted is named, so that a page that is old switches nothing back."""

    to_open = forms.TypedChoiceField(choices=[("yes", "Open"), ("no", "Close")], coerce=lambda word: word == "yes")
