"""Checks what an admin writes into the template of a case."""

from typing import Any

from django import forms

from core.forms import RevisedForm, text_area
from investigations.cases.forms import check_tags
from investigations.models import Case, CaseTask, SavedQuery

MOST_TASKS = 50
LONGEST_TASK = CaseTask._meta.get_field("title").max_length or 0


class CaseTemplateForm(RevisedForm):
    """What a kind of case begins with."""

    name = forms.CharField(max_length=120, help_text="The kind of case, such as: leaked token.")
    severity = forms.ChoiceField(choices=Case.Severity, initial=Case.Severity.MEDIUM)
    summary = forms.CharField(
        max_length=20_000, required=False, widget=text_area(6), help_text="What a summary says here. Markdown."
    )
    tags = forms.CharField(max_length=900, required=False, help_text="With commas between.")
    tasks = forms.CharField(
        max_length=10_000, required=False, widget=text_area(8), help_text="What is to be done, one task a line."
    )
    queries = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Saved queries that its page offers"
    )
    retired = forms.BooleanField(required=False, help_text="No case is opened from it any more.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        queries = self.fields["queries"]
        assert isinstance(queries, forms.MultipleChoiceField)
        queries.choices = [(query.slug, query.name) for query in SavedQuery.objects.filter(retired=False)]

    def clean_tags(self) -> str:
        """The tags as they are kept."""
        return check_tags(self.cleaned_data["tags"])

    def clean_tasks(self) -> str:
        """The titles, one a line, without empty lines."""
        titles = [title for line in self.cleaned_data["tasks"].splitlines() if (title := " ".join(line.split()))]
        if len(titles) > MOST_TASKS:
            raise forms.ValidationError(f"A template has at most {MOST_TASKS} tasks; these are {len(titles)}.")
        if too_long := next((title for title in titles if len(title) > LONGEST_TASK), None):
            raise forms.ValidationError(f"A task has at most {LONGEST_TASK} characters: {too_long[:60]} is too long.")
        return "\n".join(titles)

    def clean_queries(self) -> list[str]:
        """Their names in addresses, in order."""
        return sorted(self.cleaned_data["queries"])
