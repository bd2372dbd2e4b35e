"""The addresses of operations, area by area."""

from django.urls import include, path

# `incidents/writers/` is an address of the writers' area: it comes before `incidents/<slug>/`, which would take it too.
urlpatterns = [
    path("", include("operations.writers.urls")),
    path("", include("operations.incidents.urls")),
    path("", include("operations.rejected.urls")),
    path("", include("operations.ingest.urls")),
    path("", include("operations.sealing.urls")),
    path("", include("operations.status.urls")),
]
