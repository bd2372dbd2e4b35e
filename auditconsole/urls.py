"""Lists every address of the product, room by room."""

from django.contrib import admin
from django.urls import include, path

from auditconsole.glossary import show_words

urlpatterns = [
    path("", include("investigations.urls")),
    path("", include("operations.urls")),
    path("accounts/", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("words/", show_words, name="words"),
]

handler500 = "core.responses.respond_server_error"
