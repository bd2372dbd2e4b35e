"""The addresses of timelines: a case's own is the case's."""

from django.urls import path

from investigations.timeline import views

urlpatterns = [
    path("cases/timelines/", views.case_timelines, name="case_timelines"),
    path("cases/<slug:public_id>/", views.case_detail, name="case_detail"),
    path("cases/<slug:public_id>/alike/<int:number>/", views.timeline_entry, name="timeline_entry"),
]
