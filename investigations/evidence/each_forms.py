"""Checks what a person types to pin several events, each with a reason of its own."""

from typing import Any

from django import forms

from core.forms import text_area
from investigations.cases.forms import check_tags
from investigations.evidence.forms import PinForm, Questions
from investigations.evidence.services import MAX_AT_ONCE, PinWords
from investigations.models import Evidence

# As many as are pinned in one request. A form of so many has six fields for each (settings.DATA_UPLOAD_MAX_NUMBER_FIELDS).
MOST_EACH = MAX_AT_ONCE


class EachHeadForm(PinForm):
    """Into which case, and how the events were found; what is said of them stands with each."""

    # Django leaves out what a form sets to None.
    event = reason = relevance = tags = question = None  # type: ignore[assignment]


class EventWordsForm(forms.Form):
    """What is said of one event, and whether it is pinned after all."""

    event = forms.CharField(widget=forms.HiddenInput, max_length=512, strip=False)
    chosen = forms.BooleanField(required=False, initial=True, label="Pin it")
    reason = forms.CharField(max_length=2_000, required=False, widget=text_area(2))
    relevance = forms.ChoiceField(choices=[("", "Not said"), *Evidence.Relevance.choices], required=False)
    tags = forms.CharField(max_length=900, required=False)
    question = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, questions: Questions, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        questions.offer(self.fields)

    def clean_tags(self) -> str:
        """The tags as they are kept."""
        return check_tags(self.cleaned_data["tags"])

    def clean(self) -> dict[str, Any]:
        """What is pinned needs a reason; what is left out keeps whatever was typed."""
        if self.cleaned_data.get("chosen") and not self.errors and not self.cleaned_data["reason"].strip():
            self.add_error("reason", "Say why: the reason stands beside the evidence for ever.")
        return self.cleaned_data

    def read_words(self) -> PinWords:
        """What `services.pin_each` is given."""
        words = self.cleaned_data
        hypothesis, speaks_for = self.questions.find(words.get("question", ""))
        return PinWords(words["reason"], words["relevance"], words["tags"], hypothesis, speaks_for)


EventWordsFormSet = forms.formset_factory(EventWordsForm, extra=0, max_num=MOST_EACH, absolute_max=MOST_EACH)
