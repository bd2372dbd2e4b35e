"""Checks what admins type about rejected events."""

import json
from typing import Any

from django import forms

from core.forms import text_area
from operations.models import Mapping
from operations.rejected.rules import BadRule, check_rules

EXAMPLE = (
    '[{"do": "rename", "from": "usr", "to": "user.id"}, {"do": "time", "field": "@timestamp", "format": "unix_ms"}]'
)


class WriteForm(forms.Form):
    """Write them after all: as they are, or corrected."""

    mapping = forms.ModelChoiceField(
        Mapping.objects.filter(retirement=None), required=False, empty_label="As they are", label="Corrected by"
    )


class DiscardForm(forms.Form):
    """Discard them, with a reason."""

    reason = forms.CharField(
        max_length=2_000,
        widget=text_area(2),
        error_messages={"required": "Say why: the reason stands beside each of them for ever."},
    )


class MappingForm(forms.Form):
    """A named mapping; a name that is there already gets its next version."""

    name = forms.CharField(max_length=100)
    rules = forms.CharField(
        max_length=20_000,
        widget=text_area(8, **{"class": "mono", "spellcheck": "false"}),
        help_text=f"A JSON list of rules: rename, copy, set, to_label, time. For example {EXAMPLE}",
    )

    def clean_rules(self) -> list[dict[str, Any]]:
        """The rules, parsed and checked."""
        try:
            return check_rules(json.loads(self.cleaned_data["rules"]))
        except (BadRule, RecursionError) as error:
            raise forms.ValidationError(str(error)) from error
        except ValueError as error:
            raise forms.ValidationError(f"This is not JSON: {error}.") from error
