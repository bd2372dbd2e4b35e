"""The pages where a question is asked before a token or a user is at hand; each leads to the page that answers it."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from accounts.decorators import requires
from accounts.roles import may_search
from core.htmx import render_page
from investigations.presentation.identifiers import page_address
from investigations.questions.tokens import parse_token
from investigations.search_url import read_search_request, refuse_secrets
from trail.errors import BadQuery
from trail.redaction import remove_secrets


@require_safe
@requires(may_search)
def question_first_use(request: HttpRequest) -> HttpResponseBase:
    """When was this token first used, and from where?"""
    return _ask_for_token(request, "When was this token first used, and from where?", "token_detail")


@require_safe
@requires(may_search)
def question_before_revocation(request: HttpRequest) -> HttpResponseBase:
    """What did this token do before it was revoked?"""
    question = "What did this token do before it was revoked?"
    return _ask_for_token(request, question, "token_compromise", carried=("at", "revocation"))


def _ask_for_token(request: HttpRequest, question: str, page: str, carried: tuple[str, ...] = ()) -> HttpResponseBase:
    token, problem = request.GET.get("token", "").strip(), ""
    try:
        refuse_secrets(request.GET)
        parse_token(token)
    except BadQuery as error:
        # A token itself is not shown again, not even to who pasted it.
        token, problem = remove_secrets(token)[0], str(error)
    if not token or problem:
        context = {"question": question, "about": token, "problem": problem}
        return render_page(request, "investigations/questions/token/ask.html", context, status=400 if problem else 200)
    query = {name: value for name in carried if (value := request.GET.get(name))}
    return redirect(reverse(page, args=[token]) + (f"?{urlencode(query)}" if query else ""))


@require_safe
@requires(may_search)
def question_tokens_issued(request: HttpRequest) -> HttpResponseBase:
    """Which tokens has this user ever been issued? Their page answers it."""
    user = request.GET.get("user", "").strip()
    context: dict[str, Any] = {"about": user, "parameter": "user"}
    problem = read_search_request(request.GET).problem
    if problem:
        context |= {"problem": str(problem), "about": remove_secrets(user)[0]}
    elif user and (page := page_address("user.id", user)):
        return redirect(f"{page}#tokens")
    template = "investigations/questions/issued_tokens.html"
    return render_page(request, template, context, status=400 if problem else 200)
