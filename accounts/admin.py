"""Lets admins make people, change their role and shut them out; nobody is deleted, for the trail names them for ever."""

from typing import TYPE_CHECKING, Any

from allauth.account.decorators import secure_admin_login
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.views.generic import RedirectView

from accounts import services
from accounts.models import User
from accounts.roles import Role
from core.admin import NamedFieldAdmin
from core.compression import leave_uncompressed
from core.errors import Refused

# Django's classes take their type only when types are checked.
if TYPE_CHECKING:
    UserModelForm = forms.ModelForm[User]
    UserModelAdmin = admin.ModelAdmin[User]
else:
    UserModelForm, UserModelAdmin = forms.ModelForm, admin.ModelAdmin

# The admin's own pages for signing in and out and for one's password know no limit of attempts and no record; the console's do.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.password_change = RedirectView.as_view(pattern_name="account_change_password")  # type: ignore[method-assign,assignment]
admin.site.logout = RedirectView.as_view(pattern_name="account_logout")  # type: ignore[method-assign,assignment]
admin.site.site_header = "Audit Console, administration"
admin.site.site_title = "Audit Console"
admin.site.index_title = "People and library"
admin.site.enable_nav_sidebar = False
admin.site.disable_action("delete_selected")


class UserForm(UserModelForm):
    """A person. Nobody but themselves chooses their password."""

    class Meta:
        model = User
        fields = ("username", "name", "email", "role", "is_active")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        stays = values.get("role") == Role.ADMIN and values.get("is_active")
        if not stays and services.is_last_admin(self.instance):
            raise forms.ValidationError(
                f"{self.instance.username} is the only admin; make somebody else an admin first."
            )
        return values


@admin.register(User)
class UserAdmin(NamedFieldAdmin, UserModelAdmin):
    form = UserForm
    change_form_template = "admin/accounts/user/change_form.html"
    list_display = ("username", "name", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("username", "name", "email")
    fields = ("username", "name", "email", "role", "is_active")

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.show_password_link)
        return [path("<int:pk>/password-link/", page, name="admin_password_link"), *super().get_urls()]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        return ("username",) if obj else ()

    def save_model(self, request: HttpRequest, obj: User, form: UserModelForm, change: bool) -> None:
        assert isinstance(request.user, User)
        services.save_person(person=obj, by=request.user)

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        """Somebody new chooses their password by a link, which the admin hands over."""
        return redirect("admin:admin_password_link", obj.pk)

    def show_password_link(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask whether to make a link by which a person chooses their password, and show it, once."""
        assert isinstance(request.user, User)
        if not self.has_change_permission(request):
            raise PermissionDenied
        person = get_object_or_404(User, pk=pk)
        context = {**self.admin_site.each_context(request), "title": f"Password of {person.username}", "person": person}
        if request.method == "POST":
            try:
                token = services.issue_password_link(person=person, by=request.user)
            except Refused as refused:
                context["problem"] = refused.sentence
            else:
                context["link"] = request.build_absolute_uri(reverse("password_link", args=[token]))
        response = render(request, "admin/accounts/user/password_link.html", context)
        leave_uncompressed(response)
        return response
