"""The library, as admins keep it. Cases and evidence are not here: they are their members' alone."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import User
from investigations.forms.library import SavedQueryForm
from investigations.models import SavedQuery
from investigations.services import library

if TYPE_CHECKING:
    SavedQueryModelAdmin = admin.ModelAdmin[SavedQuery]
else:
    SavedQueryModelAdmin = admin.ModelAdmin


@admin.register(SavedQuery)
class SavedQueryAdmin(SavedQueryModelAdmin):
    """Saving makes a new version when what is asked has changed; what was run stays as it was."""

    form = SavedQueryForm
    list_display = ("name", "group", "slug", "retired")
    list_filter = ("group", "retired")
    search_fields = ("name", "description", "slug")
    prepopulated_fields = {"slug": ("name",)}  # noqa: RUF012  Django's own form
    fields = ("name", "slug", "group", "description", "text", "start", "parameters", "rest", "retired")

    def get_prepopulated_fields(self, request: HttpRequest, obj: SavedQuery | None = None) -> Any:
        return {} if obj else self.prepopulated_fields

    def get_readonly_fields(self, request: HttpRequest, obj: SavedQuery | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: SavedQuery, form: Any, change: bool) -> None:
        assert isinstance(request.user, User)
        new = library.save(query=obj, search=form.search, parameters=form.cleaned_data["parameters"], by=request.user)
        if new is None and form.changed_data:
            library.recorded_change(query=obj, by=request.user)
