"""Checks a list of indicators as it is pasted or uploaded, and how its answer is to be looked at."""

from typing import Any

from django import forms
from django.conf import settings

from investigations.questions.indicators import ORDERS, SHOW
from trail.questions.indicator_list import MOST, IndicatorList, SecretsInList, TooManyIndicators, parse_indicators

MOST_BYTES = 2_000_000


class IndicatorListForm(forms.Form):
    """Pasted, uploaded, or both."""

    indicators = forms.CharField(
        required=False,
        strip=False,
        max_length=MOST_BYTES,
        label="Indicators",
        widget=forms.Textarea(
            attrs={
                "rows": 12,
                "class": "mono",
                "spellcheck": "false",
                "autocomplete": "off",
                "placeholder": "192.0.2.7\n198.51.100.0/24\n1.2.3[.]4   # from the report\nu-4711",
            }
        ),
        error_messages={"max_length": f"The list is longer than {MOST_BYTES:,} characters; send it in parts."},
        help_text=f"One a line, or the first column of a CSV; at most {MOST:,}. Addresses, networks, token ids, fingerprints, "
        "user ids or any other identifier. What follows a # is passed over.",
    )
    file = forms.FileField(
        required=False, allow_empty_file=True, help_text=f"A text or CSV file in UTF-8 of at most {MOST_BYTES:,} bytes."
    )

    def __init__(self, *args: Any, sent: int = 0, **kwargs: Any) -> None:
        """`sent` is how many bytes came: of too many the file was not even taken, so that it lies on no disk."""
        super().__init__(*args, **kwargs)
        self.sent = sent

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        if self.sent > settings.FILE_UPLOAD_MAX_MEMORY_SIZE or (file and file.size > MOST_BYTES):
            raise forms.ValidationError(f"The file is longer than {MOST_BYTES:,} bytes; send it in parts.")
        try:
            return str(file.read(), "utf-8-sig") if file else ""
        except UnicodeDecodeError:
            raise forms.ValidationError(
                "The file is no text in UTF-8; save it as “CSV UTF-8” and send it again."
            ) from None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.errors:
            return values
        pasted, uploaded = values["indicators"], values["file"]
        try:
            values["listed"] = parse_indicators(f"{pasted.rstrip()}\n{uploaded}" if pasted.strip() else uploaded)
        except SecretsInList as refusal:
            self._forget(set(refusal.lines))
            raise forms.ValidationError(str(refusal)) from None
        except TooManyIndicators as refusal:
            raise forms.ValidationError(str(refusal)) from None
        listed: IndicatorList = values["listed"]
        if not listed.indicators and not listed.problems:
            raise forms.ValidationError("There is nothing in the list to look for.")
        return values

    def _forget(self, lines: set[int]) -> None:
        """A token itself is not shown again; what else was pasted is."""
        pasted = str(self.cleaned_data["indicators"]).removeprefix("\ufeff").splitlines()
        shown = ("# removed: it looks like a token itself" if n in lines else line for n, line in enumerate(pasted, 1))
        self.data = {
            **{name: self.data[name] for name in self.data if name != "indicators"},
            "indicators": "\n".join(shown),
        }


class IndicatorViewForm(forms.Form):
    """Which rows, in which order."""

    show = forms.ChoiceField(
        required=False,
        choices=[("all", "All"), ("seen", "Seen"), ("failed", "Seen with failures"), ("never", "Never seen")],
    )
    sort = forms.ChoiceField(
        required=False,
        label="Order",
        choices=[
            ("list", "As in the list"),
            ("indicator", "Indicator"),
            ("events", "Most events"),
            ("failures", "Most failures"),
            ("first", "First seen earliest"),
            ("last", "Last seen latest"),
        ],
    )
    containing = forms.CharField(required=False, max_length=200, label="Containing")

    def read_view(self) -> dict[str, str]:
        """Which rows and which order, by the arguments of `list_rows`; what is not understood is as if it were not said."""
        self.is_valid()
        show, order = self.cleaned_data.get("show", ""), self.cleaned_data.get("sort", "")
        return {
            "show": show if show in SHOW else "all",
            "order": order if order in ORDERS else "list",
            "containing": self.cleaned_data.get("containing", ""),
        }
