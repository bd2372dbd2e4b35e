"""Checks what people type about detections and their findings."""

from typing import Any

from django import forms

from accounts.models import User
from core.forms import RevisedForm
from investigations.evidence.forms import PinnedWordsForm
from investigations.models import Case


class DetectionForm(forms.Form):
    """How a detection is called, and how often it looks."""

    name = forms.CharField(max_length=120, help_text="What it finds, in a few words.")
    severity = forms.ChoiceField(choices=Case.Severity, initial=Case.Severity.MEDIUM)
    minutes = forms.IntegerField(
        min_value=1, max_value=1440, initial=5, label="Looks every … minutes", help_text="1 to 1440."
    )
    enabled = forms.BooleanField(required=False, initial=True, label="On")


class DetectionChangeForm(DetectionForm, RevisedForm):
    """The same of a detection that is there."""


class FindingPinForm(PinnedWordsForm):
    """Into which case a finding is pinned, one that is opened for it among them, why, and what is thought of it."""

    NEW = "new"
    case = forms.ChoiceField(error_messages={"invalid_choice": "Choose an open case that you may write to."})

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.auto_id = "pin-%s"  # the form that acknowledges stands on the same page

    def offer_cases(self, cases: list[tuple[str, str]]) -> None:
        """Offer these cases, and a new one."""
        case = self.fields["case"]
        assert isinstance(case, forms.ChoiceField)
        case.choices = [(self.NEW, "A new case, named after the finding"), *cases]

    def clean(self) -> dict[str, Any]:
        """A new case has no question yet."""
        if self.cleaned_data.get("case") == self.NEW and self.cleaned_data.get("question", (None,))[0] is not None:
            self.add_error("question", "A new case has no questions yet: this one is of another case.")
        return self.cleaned_data
