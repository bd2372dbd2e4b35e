"""Reads what people type about themselves."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User, username_validator


def _password_field(label: str, **more: Any) -> forms.CharField:
    return forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False, label=label, **more
    )


class NewPasswordForm(forms.Form):
    """A password that somebody chooses for themselves, typed twice."""

    password = _password_field("Password", min_length=12)
    again = _password_field("Password again")

    def __init__(self, *args: Any, person: User | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.person = person

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "password" in values and values["password"] != values.get("again"):
            self.add_error("again", "The two passwords differ.")
        if "password" in values:
            try:
                validate_password(values["password"], self._describe_person(values))
            except ValidationError as error:
                self.add_error("password", error)
        return values

    def _describe_person(self, values: dict[str, Any]) -> User:
        return self.person or User(username=values.get("username", ""), name=values.get("name", ""))


class FirstAdminForm(NewPasswordForm):
    """The first admin's own account."""

    username = forms.CharField(
        max_length=64, validators=[username_validator], help_text="Names you in the trail for ever."
    )
    name = forms.CharField(max_length=200, label="Your name")
    field_order = ("username", "name", "password", "again")
