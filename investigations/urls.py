"""Search and questions, cases, the library, runs, exports."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from django.urls import path, register_converter

from investigations.entities import WORDS
from investigations.views import (
    absences,
    api,
    asking,
    cases,
    compare,
    completing,
    detections,
    entities,
    evidence,
    exports,
    fields,
    filters,
    history,
    indicators,
    library,
    lifetimes,
    links,
    proofs,
    runs,
    search,
    secret,
    snippets,
    table,
    tokens,
)


class EventId:
    """An event's id is its writer's: it may hold slashes, `..` or line breaks, which browsers and proxies rewrite in an
    address. What is not plain stands there as base64url (RFC 4648) behind a `~`."""

    regex = "[^/]+"
    plain = re.compile(r"[A-Za-z0-9_:@=+-][A-Za-z0-9_:@=+.-]*")

    def to_python(self, part: str) -> str:
        if not part.startswith("~"):
            return part
        if part == "~":
            raise ValueError("no event has an empty id")
        return urlsafe_b64decode(part[1:].encode()).decode()

    def to_url(self, event_id: str) -> str:
        return event_id if self.plain.fullmatch(event_id) else f"~{urlsafe_b64encode(event_id.encode()).decode()}"


class EntityKind:
    """The kind of an identifier, as the word that stands in its address: `users` is `user`."""

    regex = "|".join(WORDS)

    def to_python(self, word: str) -> str:
        return WORDS[word]

    def to_url(self, kind: str) -> str:
        return next(word for word, name in WORDS.items() if name == kind)


register_converter(EventId, "event_id")
register_converter(EntityKind, "entity_kind")
search_urls = [
    path("", search.search, name="search"),
    path("search/rows/", table.rows, name="search_rows"),
    path("search/newer/", table.newer, name="search_newer"),
    path("search/table/", table.remember, name="table_remember"),
    path("search/lifetime/", lifetimes.search_lifetime, name="search_lifetime"),
    path("search/field/", fields.field_statistics, name="field_statistics"),
    path("secret/", secret.secret, name="secret"),
    path("secret/names/", secret.secret_known, name="secret_known"),
    path("events/<event_id:event_id>/", search.event, name="event_detail"),
    path("events/<event_id:event_id>/row/", table.opened, name="event_row"),
    path("events/<event_id:event_id>/standing/", table.standing, name="event_standing"),
    path("events/<event_id:event_id>/proof/", proofs.event_proof, name="event_proof"),
    path("events/<event_id:event_id>/known/", entities.event_known, name="event_known"),
    path("questions/first-use/", tokens.first_use, name="question_first_use"),
    path("questions/tokens-issued/", search.tokens_issued, name="question_tokens_issued"),
    path("questions/before-revocation/", tokens.before_revocation, name="question_before_revocation"),
]
token_urls = [
    path("tokens/<event_id:ref>/", tokens.detail, name="token_detail"),
    path("tokens/<event_id:ref>/lineage/", tokens.token_lineage, name="token_lineage"),
    path("tokens/<event_id:ref>/compromise/", tokens.token_compromise, name="token_compromise"),
    path("tokens/<event_id:ref>/compromise/radius.csv", tokens.token_radius, name="token_radius"),
]
entity_urls = [
    path("<entity_kind:kind>/<event_id:value>/", entities.detail, name="entity_detail"),
    path("<entity_kind:kind>/<event_id:value>/values/<str:field>/", entities.values, name="entity_values"),
]
bar_urls = [
    path("search/begin/", filters.begin, name="search_begin"),
    path("search/complete/", completing.complete, name="search_complete"),
    path("search/filter/", filters.edit, name="search_filter"),
    path("search/pins/", filters.pin, name="search_pin"),
    path("snippets/", snippets.snippet_list, name="snippet_list"),
    path("snippets/keep/", snippets.snippet_keep, name="snippet_keep"),
]
case_urls = [
    path("cases/", cases.case_list, name="case_list"),
    path("cases/new/", cases.case_new, name="case_new"),
    path("cases/<slug:public_id>/", cases.case_detail, name="case_detail"),
    path("cases/<slug:public_id>/change/", cases.case_change, name="case_change"),
    path("cases/<slug:public_id>/status/", cases.case_status, name="case_status"),
    path("cases/<slug:public_id>/notes/", cases.case_notes, name="case_notes"),
    path("cases/<slug:public_id>/people/", cases.case_people, name="case_people"),
    path("cases/<slug:public_id>/activity/", cases.case_activity, name="case_activity"),
    path("cases/<slug:public_id>/export/", exports.export_case, name="export_case"),
    path("cases/<slug:public_id>/evidence/<int:number>/", evidence.evidence_detail, name="evidence_detail"),
    path("evidence/pin/", evidence.pin, name="evidence_pin"),
    path("evidence/absence/", absences.pin, name="absence_pin"),
]
indicator_urls = [
    path("indicators/", indicators.ask, name="indicators"),
    path("indicators/<slug:word>/", indicators.result, name="indicators_result"),
    path("indicators/<slug:word>/file/", indicators.download, name="indicators_file"),
]
library_urls = [
    path("queries/", library.query_list, name="query_list"),
    path("queries/<slug:slug>/", library.query_detail, name="query_detail"),
]
run_urls = [
    path("runs/", runs.run_list, name="run_list"),
    path("runs/start/", runs.run_start, name="run_start"),
    path("runs/<slug:public_id>/", runs.run_detail, name="run_detail"),
    path("runs/<slug:public_id>/export/", exports.export_run, name="export_run"),
]
export_urls = [
    path("exports/", exports.export_list, name="export_list"),
    path("exports/<slug:public_id>/", exports.export_detail, name="export_detail"),
    path("exports/<slug:public_id>/cancel/", exports.export_cancel, name="export_cancel"),
    path("exports/<slug:public_id>/file/", exports.export_download, name="export_download"),
]
life_urls = [
    path("search/progress/", asking.search_progress, name="search_progress"),
    path("search/cancel/", asking.search_cancel, name="search_cancel"),
    path("searches/", history.search_history, name="search_history"),
    path("searches/<slug:public_id>/forget/", history.search_forget, name="search_forget"),
    path("links/", links.link_make, name="link_make"),
    path("s/<slug:public_id>/", links.link_open, name="link_open"),
    path("s/<slug:public_id>/about/", links.link_about, name="link_about"),
    path("detections/", detections.detection_list, name="detection_list"),
    path("detections/new/", detections.detection_new, name="detection_new"),
    path("detections/<slug:public_id>/", detections.detection_detail, name="detection_detail"),
    path("findings/<slug:public_id>/", detections.finding_detail, name="finding_detail"),
    path("compare/", compare.compare, name="compare"),
    path("notes/new/", links.note_new, name="note_new"),
]
urlpatterns = [
    *search_urls, *bar_urls, *token_urls, *entity_urls, *indicator_urls, *case_urls, *library_urls, *run_urls, *export_urls,
    *life_urls,
]  # fmt: skip
urlpatterns += api.patterns()  # what lies below /api/v1/ and is none of these ends here
