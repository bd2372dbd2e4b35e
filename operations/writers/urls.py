"""Addresses of writers: their keys, and how long each may be silent."""

from django.urls import path

from operations.writers import views

urlpatterns = [
    path("writers/", views.writer_list, name="writer_list"),
    path("writers/new/", views.writer_new, name="writer_new"),
    path("writers/<slug:public_id>/", views.writer_detail, name="writer_detail"),
    path("writers/<slug:public_id>/rotate/", views.writer_rotate, name="writer_rotate"),
    path("writers/<slug:public_id>/revoke/", views.writer_revoke, name="writer_revoke"),
    path("incidents/writers/", views.watched_writers, name="watched_writers"),
]
