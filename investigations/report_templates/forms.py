"""Checks what an admin writes into the template of a report."""

from typing import Any

from django import forms

from investigations.models import ReportTemplate
from investigations.reports.forms import SectionsForm, fill_sections


class ReportTemplateForm(SectionsForm):
    """A template: its name, its sections, what stands before and behind them, and whether it is still offered."""

    name = forms.CharField(max_length=120, help_text="Whom such a report is for: the regulator, the board.")
    retired = forms.BooleanField(required=False, label="Retired: no report is put together by it any more")

    def read_template(self) -> dict[str, Any]:
        """What `change_report_template` takes."""
        return self.read_words() | {"name": self.cleaned_data["name"], "retired": self.cleaned_data["retired"]}

    def build_template(self) -> ReportTemplate:
        """The template as it was typed, not saved."""
        words = self.read_template()
        return ReportTemplate(**{name: word for name, word in words.items() if name != "revision"})


def fill_template(template: ReportTemplate) -> dict[str, Any]:
    """The values of the form's fields for a template, its revision among them."""
    return fill_sections(template) | {"name": template.name, "retired": template.retired}
