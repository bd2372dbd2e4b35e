"""Two sizes of the log to prove one from the other."""

from typing import Any

from django import forms

MOST = 2**63 - 1


class ConsistencyForm(forms.Form):
    """The older size first."""

    old = forms.IntegerField(label="Older size, in events", min_value=0, max_value=MOST)
    new = forms.IntegerField(label="Newer size, in events", min_value=0, max_value=MOST)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if {"old", "new"} <= found.keys() and found["old"] > found["new"]:
            self.add_error("new", "The newer size is not smaller than the older one.")
        return found
