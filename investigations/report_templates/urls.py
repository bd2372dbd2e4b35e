"""The addresses of the templates of reports."""

from django.urls import path

from investigations.report_templates import views

urlpatterns = [
    path("cases/report-templates/", views.report_template_list, name="report_template_list"),
    path("cases/report-templates/new/", views.report_template_new, name="report_template_new"),
    path("cases/report-templates/<slug:slug>/", views.report_template_detail, name="report_template_detail"),
]
