from django.urls import path, re_path

from operations.views import incidents, log, status, writers

writer_urls = [
    path("writers/", writers.writer_list, name="writer_list"),
    path("writers/new/", writers.writer_new, name="writer_new"),
    path("writers/<slug:public_id>/", writers.writer_detail, name="writer_detail"),
    path("writers/<slug:public_id>/rotate/", writers.writer_rotate, name="writer_rotate"),
    path("writers/<slug:public_id>/revoke/", writers.writer_revoke, name="writer_revoke"),
]
log_urls = [
    path("log/", log.integrity, name="integrity"),
    path("log/consistency/", log.consistency, name="log_consistency"),
    path("log/checkpoint", log.checkpoint, name="log_checkpoint"),
    path("log/cosignatures", log.cosignatures, name="log_cosignatures"),
    re_path(r"^log/tile/(?P<name>.+)\Z", log.tile, name="log_tile"),
]
incident_urls = [
    path("incidents/", incidents.incident_list, name="incident_list"),
    path("incidents/<slug:public_id>/", incidents.incident_detail, name="incident_detail"),
]
urlpatterns = [path("status/", status.status, name="status"), *writer_urls, *incident_urls, *log_urls]
