"""Checks what is attached to a case."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from core.forms import text_area


class AttachmentForm(forms.Form):
    """A file, and what it is."""

    file = forms.FileField(max_length=255)
    description = forms.CharField(max_length=500, required=False, help_text="What it is, and where it is from.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = f"At most {settings.ATTACHMENT_BYTES:,} bytes."

    def clean_file(self) -> "UploadedFile[bytes]":
        """The file, not longer than what is taken."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > settings.ATTACHMENT_BYTES:
            raise forms.ValidationError(f"The file is longer than {settings.ATTACHMENT_BYTES:,} bytes.")
        return file


class RemovalForm(forms.Form):
    """Why a file is removed."""

    reason = forms.CharField(max_length=500, widget=text_area(2))
