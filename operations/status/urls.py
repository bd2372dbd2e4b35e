"""Addresses at which the console says how it is: a page, metrics for a collector, and two words for whoever starts it."""

from django.urls import path

from operations.status import views

urlpatterns = [
    path("status/", views.status, name="status"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
]
