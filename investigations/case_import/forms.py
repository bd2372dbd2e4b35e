"""Checks an uploaded case bundle, and what somebody says of the key that signed it."""

from typing import Any

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat

from core.forms import text_area


class UploadForm(forms.Form):
    """A case bundle."""

    file = forms.FileField(max_length=255, label="Case bundle")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = (
            f"The .case.zip that another console exported, at most {filesizeformat(settings.CASE_BUNDLE_BYTES)}. "
            "Nothing of it is believed before you accept the key that signed it."
        )


class AcceptanceForm(forms.Form):
    """The fingerprint of a key as somebody has it from the other console, and how they came by it."""

    fingerprint = forms.CharField(
        max_length=100,
        help_text="As the people of the other console read it to you: not as this page shows it.",
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )
    note = forms.CharField(
        max_length=500,
        label="From whom, and how",
        help_text="Such as: on the telephone, by the lead of the other team, whose voice I know.",
        widget=text_area(2),
    )
