"""Checks what a person types to pin all of a result."""

from typing import Any

from django import forms

from investigations.evidence.forms import PinForm


class ResultSetForm(PinForm):
    """Into which case the results of a run are pinned as a whole, why, and what is thought of them."""

    # Django leaves out what a form sets to None.
    event = search = None  # type: ignore[assignment]
    run = forms.CharField(widget=forms.HiddenInput, error_messages={"required": "Only a run has a result set."})


class PinBatchForm(PinForm):
    """Into which case all that a search, or a run, finds is pinned, why, and to which question each event speaks."""

    # Django leaves out what a form sets to None.
    event = None  # type: ignore[assignment]

    def clean(self) -> dict[str, Any]:
        """Either a run or a search is named: that of a page is never empty, for it is bound to what had arrived."""
        if not self.errors and not self.cleaned_data["run"] and self.cleaned_data["search"] is None:
            raise forms.ValidationError("There is no search here to pin from; begin at the search page.")
        return self.cleaned_data
