"""The address of merging a case into another."""

from django.urls import path

from investigations.case_merge import views

urlpatterns = [path("cases/<slug:public_id>/merge/", views.case_merge, name="case_merge")]
