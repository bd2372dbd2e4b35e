"""The table of contents of the product."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("investigations.urls")),
    path("", include("operations.urls")),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
