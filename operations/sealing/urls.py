"""Addresses of the sealed log: its page for people, and its files for witnesses and monitors."""

from django.urls import path, re_path

from operations.sealing import views

urlpatterns = [
    path("log/", views.integrity, name="integrity"),
    path("log/consistency/", views.consistency, name="log_consistency"),
    path("log/checkpoint", views.checkpoint, name="log_checkpoint"),
    path("log/cosignatures", views.cosignatures, name="log_cosignatures"),
    re_path(r"^log/tile/entries/(?P<name>.+)\Z", views.entry_bundle, name="log_entries"),
    re_path(r"^log/tile/(?P<name>.+)\Z", views.tile, name="log_tile"),
]
