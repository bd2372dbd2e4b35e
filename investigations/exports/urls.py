"""The addresses of exports."""

from django.urls import path

from investigations.exports import views

urlpatterns = [
    path("cases/<slug:public_id>/export/", views.export_case, name="export_case"),
    path("runs/<slug:public_id>/export/", views.export_run, name="export_run"),
    path("exports/", views.export_list, name="export_list"),
    path("exports/<slug:public_id>/", views.export_detail, name="export_detail"),
    path("exports/<slug:public_id>/cancel/", views.export_cancel, name="export_cancel"),
    path("exports/<slug:public_id>/remove/", views.export_remove, name="export_remove"),
    path("exports/<slug:public_id>/file/", views.export_download, name="export_download"),
    path("exports/<slug:public_id>/digest/", views.export_digest, name="export_digest"),
]
