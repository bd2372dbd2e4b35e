"""The addresses of detections and their findings."""

from django.urls import path

from investigations.detections import views

urlpatterns = [
    path("detections/", views.detection_list, name="detection_list"),
    path("detections/new/", views.detection_new, name="detection_new"),
    path("detections/<slug:public_id>/", views.detection_detail, name="detection_detail"),
    path("findings/<slug:public_id>/", views.finding_detail, name="finding_detail"),
]
