"""The addresses of custody, and of the verification of all evidence of a case."""

from django.urls import path

from investigations.case_verification import views

urlpatterns = [
    path("cases/<slug:public_id>/custody/", views.case_custody, name="case_custody"),
    path("cases/<slug:public_id>/verify/", views.case_verify, name="case_verify"),
]
