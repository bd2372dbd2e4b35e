"""Addresses at which programs write events."""

from django.urls import path, re_path

from operations.ingest import views

urlpatterns = [
    path("api/v1/events", views.events, name="ingest_events"),
    path("api/v1/ingest/_bulk", views.bulk, name="ingest_bulk"),
    path("api/v1/ingest/<str:index>/_bulk", views.bulk, name="ingest_bulk_index"),
    re_path(r"^api/v1/ingest/?$", views.version, name="ingest_version"),
    path("api/v1/ingest/_cat/health", views.health, name="ingest_cat_health"),
    path("api/v1/ingest/_cluster/health", views.health, name="ingest_health"),
]
