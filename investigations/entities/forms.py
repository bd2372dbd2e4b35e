"""Checks what people say of an entity."""

from django import forms

from investigations.entities.services import KINDS, LONGEST
from investigations.models import Verdict


class VerdictForm(forms.Form):
    """What is judged, what it is, and why."""

    field = forms.ChoiceField(choices=list(KINDS.items()), label="Kind")
    value = forms.CharField(max_length=LONGEST)
    word = forms.ChoiceField(choices=Verdict.Word, label="It is")
    reason = forms.CharField(max_length=500, required=False, label="Because")
