"""The addresses of reports."""

from django.urls import path

from investigations.reports import views

urlpatterns = [
    path("cases/<slug:public_id>/report/", views.case_report, name="case_report"),
    path("cases/<slug:public_id>/report/file/", views.case_report_file, name="case_report_file"),
    path("cases/<slug:public_id>/report/template/", views.case_report_template, name="case_report_template"),
]
