"""What people type about themselves."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User, username_validator


class FirstAdminForm(forms.Form):
    """The first admin's own account."""

    username = forms.CharField(
        max_length=64, validators=[username_validator], help_text="Names you in the trail for ever."
    )
    name = forms.CharField(max_length=200, label="Your name")
    password = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), min_length=12)
    again = forms.CharField(widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), label="Password again")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "password" in values and values["password"] != values.get("again"):
            self.add_error("again", "The two passwords differ.")
        if "password" in values:
            try:
                validate_password(
                    values["password"], User(username=values.get("username", ""), name=values.get("name", ""))
                )
            except ValidationError as error:
                self.add_error("password", error)
        return values
