"""The addresses of the API."""

from investigations.api.views import build_patterns

urlpatterns = build_patterns()
