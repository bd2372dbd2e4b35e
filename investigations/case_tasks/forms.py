"""Checks what people type about tasks."""

from typing import Any

from django import forms

from core.forms import RevisedForm
from investigations.cases.forms import list_assignees
from investigations.models import Case


class TaskForm(forms.Form):
    """A task: what is to be done, by whom, until which day."""

    title = forms.CharField(max_length=200, label="Task")
    assignee = forms.ChoiceField(required=False)
    due = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}), label="Due on")

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assignee = self.fields["assignee"]
        assert isinstance(assignee, forms.ChoiceField)
        assignee.choices = list_assignees(case)


class TaskChangeForm(TaskForm, RevisedForm):
    """A task, changed."""
