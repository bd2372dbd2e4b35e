"""Mends what Django's admin answers with an error of its own."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
else:
    AnyModelAdmin = admin.ModelAdmin


class NamedFieldAdmin(AnyModelAdmin):
    """An address that names an empty field to look an object up by (`?_to_field=`) names none."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The object; None where there is none."""
        return super().get_object(request, object_id, from_field or None)
