"""Managing people: make, change the role, shut out. Nobody is deleted, for the trail names them for ever."""

from typing import TYPE_CHECKING, Any

from allauth.account.decorators import secure_admin_login
from django import forms
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest

from accounts import services
from accounts.models import User
from accounts.roles import Role

# Django's classes take their type only when types are checked.
if TYPE_CHECKING:
    UserModelForm = forms.ModelForm[User]
    UserModelAdmin = admin.ModelAdmin[User]
else:
    UserModelForm, UserModelAdmin = forms.ModelForm, admin.ModelAdmin

# The admin's own sign-in form knows no limit of attempts; allauth's does.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = "Audit Console, administration"
admin.site.site_title = "Audit Console"
admin.site.index_title = "People and library"
admin.site.disable_action("delete_selected")


class UserForm(UserModelForm):
    """A person; a password is set only when one is typed."""

    # Not `password`: Django would put what was typed, or nothing, into the model's own field of that name.
    new_password = forms.CharField(
        required=False, min_length=12, label="Password", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters. Leave empty to keep the present one.",
    )  # fmt: skip

    class Meta:
        model = User
        fields = ("username", "name", "email", "role", "is_active")

    def clean_new_password(self) -> str:
        password = str(self.cleaned_data["new_password"])
        if password:
            validate_password(password, self.instance)
        elif self.instance.pk is None:
            raise forms.ValidationError("A new person needs a password; they change it after signing in.")
        return password

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        stays = values.get("role") == Role.ADMIN and values.get("is_active")
        if not stays and services.is_last_admin(self.instance):
            raise forms.ValidationError(
                f"{self.instance.username} is the only admin; make somebody else an admin first."
            )
        return values


@admin.register(User)
class UserAdmin(UserModelAdmin):
    form = UserForm
    list_display = ("username", "name", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("username", "name", "email")
    fields = ("username", "name", "email", "role", "is_active", "new_password")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return ("username",) if obj else ()

    def save_model(self, request: HttpRequest, obj: User, form: UserModelForm, change: bool) -> None:
        assert isinstance(request.user, User)
        services.save_person(person=obj, by=request.user, password=form.cleaned_data["new_password"])
