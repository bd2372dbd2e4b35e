"""The addresses of notes."""

from django.urls import path

from investigations.notes import views

urlpatterns = [
    path("cases/<slug:public_id>/notes/", views.case_notes, name="case_notes"),
    path("cases/<slug:public_id>/notes/<int:number>/", views.note_detail, name="note_detail"),
]
