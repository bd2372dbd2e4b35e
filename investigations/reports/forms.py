"""Checks how a report is put together."""

from typing import Any

from django import forms

from core.forms import RevisedForm, text_area
from investigations.models import CaseReport, ReportTemplate
from investigations.reports.content import SECTIONS, list_sections


class SectionsForm(RevisedForm):
    """Of each section of a report whether it is shown and at which place, and what stands before and behind them."""

    introduction = forms.CharField(
        max_length=20_000,
        required=False,
        widget=text_area(4),
        label="About this report",
        help_text="Markdown is understood.",
    )
    closing = forms.CharField(
        max_length=20_000,
        required=False,
        widget=text_area(4),
        label="Closing remarks",
        help_text="Such as who may read it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, kind in SECTIONS.items():
            self.fields[f"show_{key}"] = forms.BooleanField(required=False, label=f"Show “{kind.title}”")
            self.fields[f"place_{key}"] = forms.IntegerField(
                min_value=1,
                max_value=99,
                label=f"Place of “{kind.title}”",
                widget=forms.NumberInput({"class": "place"}),
            )

    def list_rows(self) -> list[tuple[str, forms.BoundField, forms.BoundField, str]]:
        """The title of each section, whether it is shown, its place, and why it is not one of the usual ones, in the order that
        the form was given."""
        keys = sorted(SECTIONS, key=lambda key: int(self.initial.get(f"place_{key}", 99)))
        return [(SECTIONS[key].title, self[f"show_{key}"], self[f"place_{key}"], SECTIONS[key].why_not) for key in keys]

    def read_words(self) -> dict[str, Any]:
        """What a report or a template keeps. Of two sections at one place that comes first which was moved up to it."""
        words = self.cleaned_data

        def place(key: str) -> tuple[int, int]:
            new, old = words[f"place_{key}"], int(self.initial[f"place_{key}"])
            return new, (new > old) - (new < old)

        return {
            "introduction": words["introduction"],
            "closing": words["closing"],
            "sections": sorted(SECTIONS, key=place),
            "left_out": [key for key in SECTIONS if not words[f"show_{key}"]],
            "revision": words["revision"],
        }


class ReportForm(SectionsForm):
    """How the report of a case is put together: its title, whether it is a draft, and its sections."""

    title = forms.CharField(
        max_length=200, required=False, help_text="Empty, it is the title of the case.", label="Title of the report"
    )
    is_draft = forms.BooleanField(required=False, label="It is a draft, and says so on every page")

    def read_choice(self) -> dict[str, Any]:
        """What `change_report` takes."""
        words = self.cleaned_data
        return self.read_words() | {"title": words["title"], "is_draft": words["is_draft"]}


def fill_report_form(choice: CaseReport) -> dict[str, Any]:
    """The values of the form's fields for a choice, its revision among them."""
    return fill_sections(choice) | {"title": choice.title, "is_draft": choice.is_draft}


def fill_sections(choice: CaseReport | ReportTemplate) -> dict[str, Any]:
    """The values of the fields of a SectionsForm, the revision among them."""
    values: dict[str, Any] = {
        "introduction": choice.introduction,
        "closing": choice.closing,
        "revision": choice.revision,
    }
    for place, (key, is_shown) in enumerate(list_sections(choice), 1):
        values |= {f"show_{key}": is_shown, f"place_{key}": place}
    return values
