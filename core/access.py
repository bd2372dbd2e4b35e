"""Puts every request on record: under the action that its view names, as a refusal, or as a page that was looked at.

A view that records something more exact needs no more than that; one that says nothing at all is on record all the same.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import ResolverMatch

from core import outages, request_context
from core.audit import AccessAction, Actor, Program, Result, record_access
from core.refusal_budget import RefusalBudget
from core.request_context import RequestContext
from trail.errors import WriteRefused

View = TypeVar("View", bound=Callable[..., Any])
VISITOR = Program(username="visitor:anonymous", name="Not signed in", role="visitor")
visitors = RefusalBudget()
REFUSALS = {401: "unauthenticated", 403: "forbidden", 404: "not_found", 429: "too_many"}
# What stands in an address and opens something by itself is never on record.
SECRET_PARTS = {"token", "uidb36", "key"}


def recorded_as(action: StrEnum) -> Callable[[View], View]:
    """Name the action under which looking at this view's page is on record."""

    def decorate(view: View) -> View:
        view.access_action = action  # type: ignore[attr-defined]
        return view

    return decorate


def not_recorded(because: str) -> Callable[[View], View]:
    """Exempt a view whose answers are on record otherwise or hold nothing; `because` says which. Refusals are recorded."""

    def decorate(view: View) -> View:
        view.not_recorded_because = because  # type: ignore[attr-defined]
        return view

    return decorate


class AccessRecordMiddleware:
    """Records each request once it is answered and before the answer leaves: without a record there is no answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with request_context.enter(request) as context:
            response = self.get_response(request)
            try:
                record_request(request, response, context)
            except WriteRefused as error:
                outages.record(error)
                return outages.respond(request, str(error))
        return response


def record_request(request: HttpRequest, response: HttpResponseBase, context: RequestContext) -> None:
    """Put on record what nothing more exact was recorded of. Raises WriteRefused."""
    match = request.resolver_match
    if match is None:  # no such address: nothing was looked at
        return
    status = response.status_code
    action = _choose_action(request, status, context)
    if action is None:
        return
    actor = _name_actor(request, context)
    left_out = 0
    if actor is VISITOR:
        if action is not AccessAction.REFUSE or (count := visitors.take()) is None:
            return
        left_out = count
    page = match.view_name or "unnamed"
    parts = {name: str(part) for name, part in match.kwargs.items() if name not in SECRET_PARTS}
    outcome = "success" if status < 400 else "failure"
    record_access(
        action,
        by=actor,
        resource=context.subject or _name_subject(match) or ("page", page),
        labels={**parts, "page": page, "status": str(status), "left_out": str(left_out or "")},
        result=Result(outcome, REFUSALS.get(status, f"status_{status}") if status >= 400 else ""),
    )


def _name_subject(match: ResolverMatch) -> tuple[str, str] | None:
    """The case that an address is of: who was refused before the case was looked up leaves a record that is the case's too."""
    public_id = match.kwargs.get("public_id")
    return ("case", str(public_id)) if public_id and match.route.startswith("cases/") else None


def _choose_action(request: HttpRequest, status: int, context: RequestContext) -> StrEnum | None:
    """The action to record; None where the request is on record already, or need not be."""
    assert request.resolver_match is not None
    view = request.resolver_match.func
    if status in REFUSALS:
        return AccessAction.REFUSE
    if getattr(view, "not_recorded_because", ""):
        return None
    looks = request.method in ("GET", "HEAD")
    named: StrEnum | None = getattr(view, "access_action", None)
    if looks and named is not None:
        return None if str(named) in context.actions else named
    if context.actions:
        return None
    return AccessAction.PAGE_VIEW if looks else AccessAction.PAGE_SUBMIT


def _name_actor(request: HttpRequest, context: RequestContext) -> Actor:
    if isinstance(context.program, Program):
        return context.program
    user = getattr(request, "user", None)
    return VISITOR if user is None or isinstance(user, AnonymousUser) else user
