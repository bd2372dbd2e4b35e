"""Finds what the command bar offers for a text: identifiers by their shape and by what exists, cases, pages, saved queries."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from accounts.decorators import person
from accounts.models import User
from accounts.roles import may_investigate
from core.connection import quick_trail
from core.errors import Busy
from investigations.access import build_scope
from investigations.admission import admit_question
from investigations.cases.numbers import read_number
from investigations.home.recent import ICONS, build_recent_links
from investigations.models import Case, SavedQuery
from investigations.presentation.counts import count_events
from investigations.presentation.identifiers import page_address
from investigations.presentation.navigation import build_navigation
from investigations.presentation.recognition import Recognised, recognise
from investigations.presentation.times import format_day
from investigations.search.completion import COMPLETION_SECONDS, record_values_read
from investigations.search_url import search_address
from trail.connection import deadline
from trail.errors import BadQuery, TrailUnavailable, WriteRefused
from trail.questions.entity import KIND_OF
from trail.questions.identifier_lookup import FieldMatch, IdentifierMatches, look_up_identifier
from trail.search.language.escapes import quote
from trail.search.spec import Filter, Search

LONGEST, MOST, MOST_OF_A_GROUP = 500, 14, 4
TOKEN_FIELDS = ("token.id", "token.fingerprint")
# What can be done from anywhere: its name, the name of its address, its icon, and whether it is for investigators alone.
ACTIONS = (
    ("Open a case", "case_new", "plus", True),
    ("Identify a leaked token", "secret", "seal", False),
    ("Look up many indicators at once", "indicators", "indicators", False),
    ("Compare two searches", "compare", "search", False),
    ("Your searches", "search_history", "clock", False),
    ("Snippets", "snippet_list", "library", False),
    ("Your profile", "profile", "people", False),
    ("What the words mean", "words", "help", False),
)
_SILENT = "The trail does not answer now, so it is not known what exists."


@dataclass(frozen=True, slots=True)
class JumpOption:
    """Something to go to. `is_text` is a text of the trail or of a person, and not a name of the console's own."""

    group: str
    icon: str
    words: str
    url: str
    note: str = ""
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Jump:
    """What is offered, the first first, and a note: why something is missing."""

    options: tuple[JumpOption, ...]
    note: str = ""

    @property
    def groups(self) -> list[tuple[str, list[tuple[int, JumpOption]]]]:
        """The options, each with its number, by the name of their group, in order."""
        groups: dict[str, list[tuple[int, JumpOption]]] = {}
        for number, option in enumerate(self.options):
            groups.setdefault(option.group, []).append((number, option))
        return list(groups.items())


def find_jump(request: HttpRequest, text: str) -> Jump:
    """What the text may mean to this person, in one short question to the trail. Never raises for what does not answer."""
    user = person(request)
    if not text:
        recent = [
            JumpOption("Recent", link.icon, link.words, link.url, link.note, True)
            for link in build_recent_links(request)
        ]
        return Jump((*recent, *islice(_list_pages(user, ""), MOST - len(recent))))
    if len(text) > LONGEST:
        return Jump(tuple(_offer_search(text)))
    shape, pages = recognise(text), list(_list_pages(user, text))
    matches, note = (IdentifierMatches(), "") if shape.words == "a search" else _ask_trail(user, shape)
    looked_like = list(_offer_shape(user, shape, matches))
    is_known = bool(matches.exact) or shape.is_certain
    beginning = list(islice(_offer_matches("In the trail", matches.beginning), MOST_OF_A_GROUP * 2))
    ranked = chain(
        _find_named_case(user, text),
        looked_like if is_known else (),
        beginning if shape.words else (),  # what exists comes before what only looks like an identifier
        pages,
        () if is_known else looked_like,
        beginning,
        _find_cases(user, text),
        _find_queries(text),
        _offer_search(text),
    )
    return Jump(tuple(islice(_without_repeats(ranked), MOST)), note)


# --- What the trail knows --------------------------------------------------------------------------------------------


def _ask_trail(user: User, shape: Recognised) -> tuple[IdentifierMatches, str]:
    if shape.words == "a network":
        return IdentifierMatches(), ""
    try:
        with admit_question(user), deadline(COMPLETION_SECONDS):
            record_values_read(user, "any", shape.value)
            return look_up_identifier(quick_trail(), shape.value, build_scope(user)), ""
    except Busy as busy:
        return IdentifierMatches(), busy.sentence
    except (TrailUnavailable, WriteRefused, BadQuery):
        return IdentifierMatches(), _SILENT


def _offer_shape(user: User, shape: Recognised, matches: IdentifierMatches) -> Iterator[JumpOption]:
    """What the text is: as what the trail knows it, else as what it looks like; and its events in the search."""
    group = f"Looks like {shape.words}" if shape.words else "In the trail"
    if shape.words == "a search":
        yield from _offer_search(shape.value)
        return
    exact = sorted(matches.exact, key=lambda match: match.field != shape.field)
    if not exact and shape.field:
        exact = [FieldMatch(shape.field, shape.value, 0)]
    yield from _offer_matches(group, exact)
    for match in exact[:1]:
        if address := search_address(Search(filters=(Filter(match.field, (match.value,)),))):
            yield JumpOption(group, "search", "Its events in the search", address, f"{match.field}:{match.value}")
        if match.events and match.field in TOKEN_FIELDS:
            yield from _offer_token(user, group, match)


def _offer_token(user: User, group: str, match: FieldMatch) -> Iterator[JumpOption]:
    """What is asked of a token most, and putting what it went through into a case."""
    note = match.value if len(match.value) <= 40 else ""
    yield JumpOption(group, "findings", "Its exposure", reverse("token_compromise", args=[match.value]), note)
    yield JumpOption(group, "library", "Its lineage", reverse("token_lineage", args=[match.value]), note)
    if may_investigate(user):
        page = reverse("token_detail", args=[match.value])
        yield JumpOption(group, "pin", "Add it to a case", f"{page}#add-to-case", note)


def _offer_matches(group: str, matches: Iterable[FieldMatch]) -> Iterator[JumpOption]:
    for match in matches:
        is_network = match.field == "source.ip" and "/" in match.value
        address = None if is_network else page_address(match.field, match.value)
        address = address or search_address(Search(filters=(Filter(match.field, (match.value,)),)))
        kind = "token" if match.field.startswith("token.") else KIND_OF.get(match.field, "")
        if address:
            yield JumpOption(group, ICONS.get(kind, "search"), match.value, address, _describe(match), True)


def _describe(match: FieldMatch) -> str:
    if not match.events:
        return ""
    events = count_events(match.events)
    if not match.first:
        return f"{match.field}, {events}"
    first, last = format_day(match.first), format_day(match.last)
    return f"{match.field}, {events}, {first if first == last else f'{first} to {last}'}"


def _offer_search(text: str) -> Iterator[JumpOption]:
    """The text as a search, where it is one as it stands, else for the text itself."""
    is_search = recognise(text).words == "a search" if len(text) <= LONGEST else False
    if address := search_address(Search(text=text if is_search else quote(text))):
        yield JumpOption("Search", "search", text, address, "search all events", True)


# --- What the console knows ------------------------------------------------------------------------------------------


def _find_named_case(user: User, text: str) -> Iterator[JumpOption]:
    named = Q(number=number) if (number := read_number(text)) else Q(public_id=text)
    for case in Case.objects.visible_to(user).with_origin().filter(named):
        yield _offer_case(case)


def _find_cases(user: User, text: str) -> Iterator[JumpOption]:
    cases = Case.objects.visible_to(user).with_origin().filter(title__icontains=text)
    yield from (_offer_case(case) for case in cases[:MOST_OF_A_GROUP])


def _offer_case(case: Case) -> JumpOption:
    foreign = ", foreign" if case.is_foreign else ""
    note = f"{case.number}{foreign}, {case.get_severity_display().lower()}, {case.get_status_display().lower()}"
    return JumpOption("Cases", "case", case.title, reverse("case_detail", args=[case.public_id]), note, True)


def _find_queries(text: str) -> Iterator[JumpOption]:
    for query in SavedQuery.objects.offered().filter(name__icontains=text)[:MOST_OF_A_GROUP]:
        address = reverse("query_detail", args=[query.slug])
        yield JumpOption("Library", "library", query.name, address, query.description, True)


def _list_pages(user: User, text: str) -> Iterator[JumpOption]:
    """Pages and actions whose name has a word that begins so."""
    for _, links in build_navigation(user, "", {}):
        for link in links:
            if _begins(link.item.label, text):
                yield JumpOption("Pages", link.item.icon, link.item.label, link.item.address, f"g {link.item.key}")
    for words, url_name, icon, is_for_investigators in ACTIONS:
        if _begins(words, text) and (may_investigate(user) or not is_for_investigators):
            yield JumpOption("Actions", icon, words, reverse(url_name))


def _begins(words: str, text: str) -> bool:
    typed = text.casefold()
    return words.casefold().startswith(typed) or any(word.startswith(typed) for word in words.casefold().split())


def _without_repeats(options: Iterable[JumpOption]) -> Iterator[JumpOption]:
    shown: set[str] = set()
    for option in options:
        if option.url not in shown:
            shown.add(option.url)
            yield option
