"""Lists the addresses of the API; its routes, its document and the command `ask` come from this table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from investigations.api import questions
from investigations.api.questions import ApiQuestion, SearchResults
from investigations.presentation.identifiers import WORDS
from investigations.questions.indicators import IndicatorAnswers
from trail.questions.compromise import Compromise
from trail.questions.coverage import Coverage
from trail.questions.entity import KINDS, EntityDossier
from trail.questions.lineage import Lineage
from trail.questions.token import TokenDossier
from trail.questions.user import TokensIssued, UserDossier


@dataclass(frozen=True, slots=True)
class Parameter:
    """One word of an address: in its `path`, or in its `query` where it may be left out, or stand several times (`many`)."""

    name: str
    help: str
    place: Literal["path", "query"] = "query"
    many: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One address below /api/v1/. `has_found` says whether an answer found anything, for the command's exit status."""

    name: str
    path: str
    summary: str
    ask: Callable[[ApiQuestion], Any]
    answer: type
    has_found: Callable[[Any], bool]
    parameters: tuple[Parameter, ...] = ()
    sends_list: bool = False


_AFTER = Parameter("after", "Where a page goes on: the word that the page before gave.")
_TOKEN = Parameter("ref", "A token's public id, or the 64 hexadecimal digits of a fingerprint.", "path")
_USER = Parameter("id", "A user's id.", "path")
_SEARCH = (
    Parameter("q", "The query, as typed into the search page."),
    Parameter("f", "A filter, as the search page writes it: user.id:ann, -source.ip(network):10.0.0.0/8.", many=True),
    Parameter("from", "The beginning: 2026-11-01T00:00:00Z, 2026-11-01 or now-7d."),
    Parameter("to", "The end, not included."),
    Parameter("until", "Only what had been taken in by then."),
    Parameter("sort", "A field and asc or desc: @timestamp:desc."),
    Parameter("size", f"Events on a page, at most {questions.MOST_HITS:,}."),
    _AFTER,
    Parameter("start", "How many events the pages before held; stands in `next`."),
)
_TREE = (
    Parameter("under", "The fingerprint of a descendant: the part of the tree below it."),
    Parameter("start", "The number of the child from which on it is shown."),
)
_COMPROMISE = (
    Parameter("at", "When it was compromised: a time, or the id of an event."),
    Parameter("revocation", "The id of the event of the revocation that is meant, of several."),
    Parameter("actor", "Whose events alone are meant: address: and an IP address, or client: and a user agent."),
)
_RANGE = (
    Parameter("from", "The beginning of the time that is looked at; all of history where none is given."),
    Parameter("to", "Its end, not included."),
    Parameter("new", "Since when a value counts as new: 2026-11-01 or now-7d."),
)


def _entity(word: str, kind: str) -> Route:
    """What is on record of an identifier that is no user."""
    spoken = kind.replace("_", " ")
    named = Parameter("id", f"The {spoken}, as {KINDS[kind].field} has it.", "path")
    return Route(
        kind,
        f"{word}/{{id}}",
        f"One {spoken}: first and last seen, outcomes, and what it had to do with",
        questions.ask_entity(KINDS[kind]),
        EntityDossier,
        lambda answer: bool(answer.total),
        (named, *_RANGE),
    )


ROUTES: tuple[Route, ...] = (
    Route("coverage", "coverage", "What answers cover: events, the earliest, taken in up to when, doubts",
          questions.ask_coverage, Coverage, lambda answer: bool(answer.events)),
    Route("search", "search", "Search the trail: a page of events with their exact number",
          questions.ask_search, SearchResults, lambda answer: bool(answer.total), _SEARCH),
    Route("token", "tokens/{ref}", "One token: issued when and to whom, first used when and from where, what became of it",
          questions.ask_token, TokenDossier, lambda answer: bool(answer.events), (_TOKEN,)),
    Route("lineage", "tokens/{ref}/lineage", "What a token comes from and what was derived from it, as a tree",
          questions.ask_lineage, Lineage, lambda answer: bool(answer.tokens), (_TOKEN, *_TREE)),
    Route("compromise", "tokens/{ref}/compromise", "What a token and its descendants did from its compromise to its revocation",
          questions.ask_compromise, Compromise, lambda answer: bool(answer.total), (_TOKEN, *_COMPROMISE)),
    Route("user", "users/{id}", "One user: every token ever issued to them, addresses, clients, failures, impossible travel",
          questions.ask_user, UserDossier, lambda answer: bool(answer.dossier.total), (_USER, *_RANGE, _AFTER)),
    Route("user_tokens", "users/{id}/tokens", "Every token ever issued to a user, newest first, page by page",
          questions.ask_user_tokens, TokensIssued, lambda answer: bool(answer.total), (_USER, _AFTER)),
    Route("indicators", "indicators", "Of a list of up to 10,000 indicators, which were ever seen, where, when, how often",
          questions.ask_indicators, IndicatorAnswers, lambda answer: answer.never < len(answer.answers), sends_list=True),
    *(_entity(word, kind) for word, kind in WORDS.items() if kind != "user"),
)  # fmt: skip
BY_NAME = {route.name: route for route in ROUTES}
