"""The addresses of the questions: about tokens, identifiers, lists of indicators, two searches, a secret."""

from django.urls import path

from investigations.questions.views import (
    comparison,
    entry,
    event_context,
    exposure,
    identifier,
    indicators,
    secret,
    token,
)

urlpatterns = [
    path("questions/first-use/", entry.question_first_use, name="question_first_use"),
    path("questions/tokens-issued/", entry.question_tokens_issued, name="question_tokens_issued"),
    path("questions/before-revocation/", entry.question_before_revocation, name="question_before_revocation"),
    path("tokens/<event_id:ref>/", token.token_detail, name="token_detail"),
    path("tokens/<event_id:ref>/lineage/", token.token_lineage, name="token_lineage"),
    path("tokens/<event_id:ref>/compromise/", exposure.token_compromise, name="token_compromise"),
    path("tokens/<event_id:ref>/compromise/radius.csv", exposure.token_radius, name="token_radius"),
    path("<entity_kind:kind>/<event_id:value>/", identifier.entity_detail, name="entity_detail"),
    path("<entity_kind:kind>/<event_id:value>/values/<str:field>/", identifier.entity_values, name="entity_values"),
    path("events/<event_id:event_id>/known/", event_context.event_context, name="event_known"),
    path("indicators/", indicators.indicators, name="indicators"),
    path("indicators/<slug:word>/", indicators.indicators_result, name="indicators_result"),
    path("indicators/<slug:word>/file/", indicators.indicators_file, name="indicators_file"),
    path("compare/", comparison.compare, name="compare"),
    path("secret/", secret.secret, name="secret"),
    path("secret/names/", secret.secret_names, name="secret_known"),
]
