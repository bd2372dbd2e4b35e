"""The addresses of cases that come from other consoles."""

from django.urls import path

from investigations.case_import import views

urlpatterns = [
    path("case-imports/", views.case_import_list, name="case_import_list"),
    path("case-imports/keys/<int:pk>/revoke/", views.foreign_key_revoke, name="foreign_key_revoke"),
    path("case-imports/<slug:public_id>/", views.case_import_detail, name="case_import_detail"),
    path("case-imports/<slug:public_id>/import/", views.case_import_carry_out, name="case_import_carry_out"),
    path("case-imports/<slug:public_id>/cancel/", views.case_import_cancel, name="case_import_cancel"),
    path("case-imports/<slug:public_id>/drop/", views.case_import_drop, name="case_import_drop"),
]
