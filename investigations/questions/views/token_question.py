"""Asks about the token that an address names, and puts the question on record: the context of its page, and the status."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from accounts.decorators import person
from accounts.roles import may_investigate
from investigations.access import build_scope
from investigations.presentation.problems import answer_or_problem
from investigations.questions import services as questions
from investigations.questions.tokens import parse_token
from investigations.search_url import refuse_secrets
from trail.redaction import remove_secrets
from trail.search.lineage import TokenRef
from trail.search.spec import Scope

Question = Callable[[TokenRef, Scope], Any]
Build = Callable[[Any], dict[str, Any]]


def answer_about_token(
    request: HttpRequest, ref: str, name: str, question: Question, build: Build, **parameters: str
) -> tuple[dict[str, Any], int]:
    """Asks about the token of an address: the page's context and its status; `parameters` are the question's own."""
    user = person(request)

    def answer_question() -> dict[str, Any]:
        refuse_secrets(request.GET)
        token, scope = parse_token(ref), build_scope(user)
        entry = questions.question_entry(name, token=ref, **parameters)
        answer = questions.ask(lambda: question(token, scope), by=user, entry=entry)
        return {"answer": answer, "coverage": answer.coverage, **build(answer)}

    answer, status = answer_or_problem(answer_question)
    # A token itself is not shown again, not even to who pasted it.
    typed = {parameter: remove_secrets(text)[0] for parameter, text in parameters.items()}
    context = {"ref": remove_secrets(ref)[0], "typed": typed, "may_investigate": may_investigate(user)}
    return context | answer, status
