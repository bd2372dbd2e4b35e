"""The addresses of proofs."""

from django.urls import path

from investigations.proofs import views

urlpatterns = [
    path("events/<event_id:event_id>/proof/", views.event_proof, name="event_proof"),
    path("events/<event_id:event_id>/standing/", views.event_standing, name="event_standing"),
]
