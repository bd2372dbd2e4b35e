from django.urls import path, re_path

from operations.views import incidents, ingest, log, metrics, rejected, status, watched, writers

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
ingest_urls = [
    path("api/v1/events", ingest.events, name="ingest_events"),
    path("api/v1/ingest/_bulk", ingest.bulk, name="ingest_bulk"),
    path("api/v1/ingest/<str:index>/_bulk", ingest.bulk, name="ingest_bulk_index"),
    re_path(r"^api/v1/ingest/?$", ingest.version, name="ingest_version"),
    path("api/v1/ingest/_cat/health", ingest.health, name="ingest_cat_health"),
    path("api/v1/ingest/_cluster/health", ingest.health, name="ingest_health"),
]
incident_urls = [
    path("incidents/", incidents.incident_list, name="incident_list"),
    path("incidents/writers/", watched.watched_writers, name="watched_writers"),
    path("incidents/<slug:public_id>/", incidents.incident_detail, name="incident_detail"),
    path("metrics", metrics.metrics, name="metrics"),
]
rejected_urls = [
    path("rejected/", rejected.rejected_list, name="rejected_list"),
    path("rejected/group/", rejected.rejected_group, name="rejected_group"),
    path("rejected/mappings/", rejected.mapping_list, name="mapping_list"),
    path("rejected/<slug:public_id>/", rejected.rejected_detail, name="rejected_detail"),
]
urlpatterns = [
    path("status/", status.status, name="status"),
    *writer_urls,
    *incident_urls,
    *rejected_urls,
    *ingest_urls,
    *log_urls,
]
