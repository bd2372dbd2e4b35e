from django.urls import path

from operations.views import incidents, status

incident_urls = [
    path("incidents/", incidents.incident_list, name="incident_list"),
    path("incidents/<slug:public_id>/", incidents.incident_detail, name="incident_detail"),
]
urlpatterns = [path("status/", status.status, name="status"), *incident_urls]
