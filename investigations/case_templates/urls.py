"""The addresses of the templates of cases."""

from django.urls import path

from investigations.case_templates import views

urlpatterns = [
    path("cases/templates/", views.case_template_list, name="case_template_list"),
    path("cases/templates/new/", views.case_template_new, name="case_template_new"),
    path("cases/templates/<slug:slug>/", views.case_template_detail, name="case_template_detail"),
]
