"""The addresses of attachments."""

from django.urls import path

from investigations.attachments import views

urlpatterns = [
    path("cases/<slug:public_id>/attachments/", views.attachment_list, name="attachment_list"),
    path(
        "cases/<slug:public_id>/attachments/<int:number>/file/", views.attachment_download, name="attachment_download"
    ),
    path("cases/<slug:public_id>/attachments/<int:number>/remove/", views.attachment_remove, name="attachment_remove"),
]
