from django.urls import path

from operations.views import status, writers

writer_urls = [
    path("writers/", writers.writer_list, name="writer_list"),
    path("writers/new/", writers.writer_new, name="writer_new"),
    path("writers/<slug:public_id>/", writers.writer_detail, name="writer_detail"),
    path("writers/<slug:public_id>/rotate/", writers.writer_rotate, name="writer_rotate"),
    path("writers/<slug:public_id>/revoke/", writers.writer_revoke, name="writer_revoke"),
]
urlpatterns = [path("status/", status.status, name="status"), *writer_urls]
