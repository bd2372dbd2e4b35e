"""The address of a case's timeline, which is the case's own."""

from django.urls import path

from investigations.timeline import views

urlpatterns = [path("cases/<slug:public_id>/", views.case_detail, name="case_detail")]
