"""What an admin types about a key."""

from datetime import timedelta
from typing import Any

from django import forms

from operations.formats import FORMATS
from operations.models.keys import NATIVE, Scope, named_plainly
from operations.services.keys import LONGEST_OVERLAP, OVERLAP


def _formats() -> list[tuple[str, str]]:
    return [(name, name) for name in FORMATS] + [(NATIVE, "events of the trail as they are")]


class KeyForm(forms.Form):
    """A new key."""

    name = forms.CharField(max_length=200, help_text="What it is for, for whoever reads this list.")
    scope = forms.ChoiceField(choices=Scope, label="Opens", initial=Scope.WRITE)
    writer = forms.CharField(required=False, max_length=100, validators=[named_plainly],
                             help_text="Needed to write: stands as writer.id in every event written with the key.")  # fmt: skip
    dataset = forms.CharField(required=False, max_length=100, validators=[named_plainly],
                              help_text="Needed to write: the one event.dataset that the key may write.")  # fmt: skip
    format = forms.ChoiceField(required=False, choices=_formats, initial="ecs", label="Records of shippers",
                               help_text="How records that come in the shape of _bulk are read.")  # fmt: skip

    def clean_format(self) -> str:
        return self.cleaned_data["format"] or "ecs"

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("scope") == Scope.WRITE:
            for name in ("writer", "dataset"):
                if name in values and not values[name]:
                    self.add_error(name, "A key that writes needs this.")
        return values


class RotateForm(forms.Form):
    """How long the old key goes on."""

    hours = forms.IntegerField(
        min_value=0, max_value=LONGEST_OVERLAP // timedelta(hours=1), initial=OVERLAP // timedelta(hours=1),
        label="Hours that the old key works on",
    )  # fmt: skip

    @property
    def overlap(self) -> timedelta:
        return timedelta(hours=self.cleaned_data["hours"])
