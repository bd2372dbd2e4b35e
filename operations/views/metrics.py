"""`/metrics`, for a collector with a key that reads metrics, or for whoever is signed in."""

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from accounts.models import User
from operations import metrics as measured
from operations.access import NotLetIn, authenticated, refused
from operations.models import Scope


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not isinstance(request.user, User):
        try:
            authenticated(request, Scope.METRICS)
        except NotLetIn as refusal:
            return refused(refusal)
    try:
        return HttpResponse(measured.text(), content_type=CONTENT_TYPE_LATEST)
    except DatabaseError:
        return refused(NotLetIn(503, "The database does not answer, so there is nothing to read."))
