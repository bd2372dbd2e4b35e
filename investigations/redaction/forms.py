"""Checks a redaction profile as somebody puts it together."""

from typing import Any

from django import forms

from investigations.models import RedactionProfile
from investigations.redaction.redactor import KINDS

CHOICES = [("", "as it is"), (RedactionProfile.MASK, "masked"), (RedactionProfile.PSEUDONYM, "pseudonym")]


class ProfileForm(forms.Form):
    """The name of a profile, and of each field what becomes of it."""

    name = forms.CharField(max_length=80, help_text="It stands in every file that is redacted by it.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in KINDS:
            self.fields[name] = forms.ChoiceField(choices=CHOICES, required=False, label=name)

    def list_choices(self) -> list[forms.BoundField]:
        """The field of the form for each field of events."""
        return [self[name] for name in KINDS]

    def read_rules(self) -> dict[str, str]:
        """The fields that are not left as they are."""
        return {name: how for name in KINDS if (how := self.cleaned_data[name])}
