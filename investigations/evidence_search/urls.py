"""The addresses of what narrows a case's timeline."""

from django.urls import path

from investigations.evidence_search import views

urlpatterns = [
    path("cases/<slug:public_id>/filter/", views.evidence_filter, name="evidence_filter"),
    path("cases/<slug:public_id>/complete/", views.evidence_complete, name="evidence_complete"),
    path("cases/<slug:public_id>/facets/", views.evidence_facets, name="evidence_facets"),
]
