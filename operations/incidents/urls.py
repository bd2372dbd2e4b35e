"""Addresses of incidents."""

from django.urls import path

from operations.incidents import views

urlpatterns = [
    path("incidents/", views.incident_list, name="incident_list"),
    path("incidents/<slug:public_id>/", views.incident_detail, name="incident_detail"),
]
