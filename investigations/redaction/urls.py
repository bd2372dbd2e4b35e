"""The addresses of redaction profiles."""

from django.urls import path

from investigations.redaction import views

urlpatterns = [
    path("redaction/", views.redaction_list, name="redaction_list"),
    path("redaction/<slug:public_id>/retire/", views.redaction_retire, name="redaction_retire"),
]
