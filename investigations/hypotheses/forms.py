"""Checks what people suppose."""

from django import forms

from core.forms import RevisedForm, text_area
from investigations.models import Hypothesis


class HypothesisForm(forms.Form):
    """A hypothesis as it begins."""

    statement = forms.CharField(max_length=300, label="Hypothesis", help_text="What may be so, in one sentence.")


class HypothesisChangeForm(HypothesisForm, RevisedForm):
    """A hypothesis with what speaks for it and against it, and what it came to."""

    state = forms.ChoiceField(choices=Hypothesis.State)
    supporting = forms.CharField(max_length=5_000, required=False, label="Evidence for it", help_text="E1, E3 to E5.")
    contradicting = forms.CharField(max_length=5_000, required=False, label="Evidence against it")
    answer = forms.CharField(max_length=5_000, required=False, widget=text_area(4), help_text="Markdown is understood.")
    field_order = ("statement", "state", "supporting", "contradicting", "answer", "revision")
