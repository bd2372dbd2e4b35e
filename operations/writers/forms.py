"""Checks what people type about a writer: its key, and how long it may be silent."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings

from operations.imports.formats import FORMATS
from operations.models.writer_keys import NATIVE, KeyScope, named_plainly
from operations.writers.keys import ENTRIES_OFF, LONGEST_OVERLAP, OVERLAP, RESERVED
from trail.reserved_names import is_reserved_dataset, is_reserved_writer


def _list_formats() -> list[tuple[str, str]]:
    return [(name, name) for name in FORMATS] + [(NATIVE, "events of the trail as they are")]


class KeyForm(forms.Form):
    """A new key."""

    name = forms.CharField(max_length=200, help_text="What it is for, for whoever reads this list.")
    scope = forms.ChoiceField(choices=KeyScope, label="Opens", initial=KeyScope.WRITE)
    writer = forms.CharField(
        required=False,
        max_length=100,
        validators=[named_plainly],
        help_text="Needed to write: stands as writer.id in every event written with the key.",
    )
    dataset = forms.CharField(
        required=False,
        max_length=100,
        validators=[named_plainly],
        help_text="Needed to write: the one event.dataset that the key may write.",
    )
    format = forms.ChoiceField(
        required=False,
        choices=_list_formats,
        initial="ecs",
        label="Records of shippers",
        help_text="How records that come in the shape of _bulk are read.",
    )

    def clean_scope(self) -> str:
        """A key that reads every event is made only where whoever runs the console lets it."""
        scope: str = self.cleaned_data["scope"]
        if scope == KeyScope.ENTRIES and not settings.LOG_ENTRIES:
            raise forms.ValidationError(ENTRIES_OFF)
        return scope

    def clean_format(self) -> str:
        """An empty choice is ECS."""
        return self.cleaned_data["format"] or "ecs"

    def clean(self) -> dict[str, Any]:
        """A key that writes names its writer and its dataset."""
        values = super().clean() or {}
        if values.get("scope") == KeyScope.WRITE:
            for name in ("writer", "dataset"):
                if name in values and not values[name]:
                    self.add_error(name, "A key that writes needs this.")
        for name, is_reserved in (("writer", is_reserved_writer), ("dataset", is_reserved_dataset)):
            if is_reserved(values.get(name)):
                self.add_error(name, RESERVED)
        return values


class RotateForm(forms.Form):
    """How long the old key goes on."""

    hours = forms.IntegerField(
        min_value=0,
        max_value=LONGEST_OVERLAP // timedelta(hours=1),
        initial=OVERLAP // timedelta(hours=1),
        label="Hours that the old key works on",
    )

    @property
    def overlap(self) -> timedelta:
        """For how long both keys work."""
        return timedelta(hours=self.cleaned_data["hours"])


class SilenceForm(forms.Form):
    """After how long a writer counts as silent."""

    writer = forms.CharField(max_length=512)
    silent_after = forms.IntegerField(
        min_value=30,
        max_value=31_536_000,
        required=False,
        label="Silent after, in seconds",
        help_text="Empty: twice its longest pause so far, ten minutes at the least.",
    )
