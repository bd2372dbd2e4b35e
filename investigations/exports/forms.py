"""Reads what somebody chooses of an export: its format, its redaction, and of a CSV its columns and its mark."""

from typing import Any

from django import forms

from investigations.exports.formats.csv import HEADER, WHOLE, CsvShape
from investigations.models import Export
from investigations.redaction.services import find_profile

_FORMAT = Export.Format
# The formats of the menu, each with what it is for; those of a case alone are left out for a run.
FORMAT_GROUPS = (
    ("For people", ((_FORMAT.CSV, "every spreadsheet"), (_FORMAT.XLSX, "every value as text"))),
    (
        "With proofs",
        ((_FORMAT.BUNDLE, "events, digests, sealed log"), (_FORMAT.CASE_BUNDLE, "all of the case, signed")),
    ),
    (
        "For other tools",
        (
            (_FORMAT.JSONL, "whole events, one a line"),
            (_FORMAT.PARQUET, "typed columns"),
            (_FORMAT.TIMESKETCH_CSV, ""),
            (_FORMAT.TIMESKETCH_JSONL, ""),
            (_FORMAT.STIX, ""),
            (_FORMAT.OCSF, ""),
        ),
    ),
)

Choices = list[tuple[Export.Format, str]]


def list_formats(*, is_case: bool) -> list[tuple[str, Choices]]:
    """The groups of formats, each with its name: a format, and what it is for."""
    left_out = () if is_case else (_FORMAT.CASE_BUNDLE,)
    return [
        (title, [(format, words) for format, words in formats if format not in left_out])
        for title, formats in FORMAT_GROUPS
    ]


class ExportForm(forms.Form):
    """How an export is made. A format that there is none of is CSV; columns stand in the file's own order."""

    format = forms.CharField(required=False)
    redaction = forms.CharField(required=False)
    column = forms.MultipleChoiceField(choices=[(name, name) for name in HEADER], required=False)
    bom = forms.BooleanField(required=False)

    def clean_format(self) -> str:
        """A format that there is."""
        format = self.cleaned_data["format"]
        return format if format in _FORMAT.values else _FORMAT.CSV

    def clean_column(self) -> tuple[str, ...]:
        """The chosen columns in the file's order; none where all are chosen."""
        chosen = set(self.cleaned_data["column"])
        return tuple(name for name in HEADER if name in chosen) if len(chosen) < len(HEADER) else ()

    def read_words(self) -> dict[str, Any]:
        """What `services.start` is given. Raises Refused for a profile that is not offered."""
        words = self.cleaned_data
        return {
            "format": words["format"],
            "redaction": find_profile(words["redaction"]),
            "shape": CsvShape(words["column"], words["bom"]) if words["format"] == _FORMAT.CSV else WHOLE,
        }
