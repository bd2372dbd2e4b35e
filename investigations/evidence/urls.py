"""The addresses of evidence."""

from django.urls import path

from investigations.evidence import change_views, each_views, views

urlpatterns = [
    path("cases/<slug:public_id>/evidence/<int:number>/", views.evidence_detail, name="evidence_detail"),
    path("cases/<slug:public_id>/evidence/<int:number>/annotate/", views.evidence_annotate, name="evidence_annotate"),
    path("cases/<slug:public_id>/evidence/change/", change_views.evidence_change, name="evidence_change"),
    path("evidence/pin/", views.pin, name="evidence_pin"),
    path("evidence/pin/each/", each_views.pin_each, name="evidence_pin_each"),
    path("evidence/absence/", views.pin_absence, name="absence_pin"),
]
