"""Registers the library with Django's admin. Cases and evidence are not there: they are their members' alone."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import User
from core.admin import NamedFieldAdmin
from investigations.library import services as library
from investigations.library.forms import SavedQueryForm
from investigations.models import SavedQuery

if TYPE_CHECKING:
    SavedQueryModelAdmin = admin.ModelAdmin[SavedQuery]
else:
    SavedQueryModelAdmin = admin.ModelAdmin


@admin.register(SavedQuery)
class SavedQueryAdmin(NamedFieldAdmin, SavedQueryModelAdmin):
    """Saving makes a new version when what is asked has changed; what was run stays as it was."""

    form = SavedQueryForm
    list_display = ("name", "group", "slug", "retired")
    list_filter = ("group", "retired")
    search_fields = ("name", "description", "slug")
    prepopulated_fields = {"slug": ("name",)}  # noqa: RUF012  Django's own form
    fields = (
        "name",
        "slug",
        "group",
        "description",
        "text",
        "start",
        "parameters",
        "rest",
        "retired",
        "shown_revision",
    )

    def get_prepopulated_fields(self, request: HttpRequest, obj: SavedQuery | None = None) -> Any:
        """The name makes the slug of a new query alone."""
        return {} if obj else self.prepopulated_fields

    def get_readonly_fields(self, request: HttpRequest, obj: SavedQuery | None = None) -> tuple[str, ...]:
        """The slug of a query stays, for addresses hold it."""
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: SavedQuery, form: Any, change: bool) -> None:
        """Save as the library does, with a record of it."""
        assert isinstance(request.user, User)
        new = library.save(query=obj, search=form.search, parameters=form.cleaned_data["parameters"], by=request.user)
        if new is None and form.changed_data:
            library.record_change(query=obj, by=request.user)
