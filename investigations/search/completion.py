"""Finds what the query bar offers while somebody types: names of fields, values from the trail, snippets, saved queries."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.models import User
from core.connection import quick_trail
from core.errors import Busy
from investigations import audit
from investigations.access import build_scope
from investigations.admission import admit_question
from investigations.audit import CaseAction
from investigations.models import SavedQuery, Snippet
from trail.connection import deadline
from trail.errors import BadQuery, TrailUnavailable, WriteRefused
from trail.search import field_values
from trail.search.language import caret, operands
from trail.search.language.caret import FieldName, Spot
from trail.search.language.escapes import quote
from trail.search.language.parser import All, Any_, list_placeholders, parse
from trail.search.spec import Search

MOST_FIELDS, MOST_SAVED = 60, 8
COMPLETION_SECONDS = 10.0  # for all that is asked of the trail while somebody types; each request has three
RECORDED_EVERY = 60  # seconds
OPERATORS = (("AND", "both must hold"), ("OR", "either will do"), ("AND NOT", "the next must not hold"))


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can stand at the caret. `insert` is what is put there; `goes_on` if a value belongs behind it."""

    kind: str
    text: str
    insert: str
    help: str = ""
    count: int | None = None
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Completion:
    """What can stand between two places of the text, and a note: that it is of a sample, or why something is missing."""

    start: int
    end: int
    options: tuple[Option, ...] = ()
    note: str = ""


# Reads options, with a note about them.
ReadOptions = Callable[[User, Spot, Search], tuple[list[Option], str]]
OrderNames = Callable[[list[FieldName]], list[FieldName]]


@dataclass(frozen=True, slots=True)
class CompletionSource:
    """Where values, and names below `labels.` and `raw.`, are read; and which of the known fields come first."""

    read_values: ReadOptions
    read_names: ReadOptions
    order_names: OrderNames = list


def complete(*, by: User, text: str, at: int, search: Search, source: CompletionSource | None = None) -> Completion:
    """What can stand at `at`. Without a `source` values are read of the trail, within the person's scope and the search's time,
    and that is recorded.

    Never raises for what the trail does not answer: it offers what it has, and says so.
    """
    source = source or OF_TRAIL
    spot = caret.find_spot(text, at)
    completions = Completion(spot.start, spot.end)
    match spot.what:
        case "word":
            names = _fields(spot, source)
            options = [*_everywhere(spot), *_operators(spot), *names, *_saved(by, spot, text)]
            completions = replace(completions, options=tuple(options))
        case "field":
            completions = replace(completions, options=tuple(_fields(spot, source)))
        case "parameter":
            return replace(completions, options=tuple(_parameters(spot, text)))
        case "value":
            return _with_values(completions, by, spot, search, source)
    if spot.what != "nothing" and spot.prefix.startswith(caret.OPEN_NAMES):
        return _with_read(completions, source.read_names, by, spot, search)
    return completions


# --- What needs no question to the trail -----------------------------------------------------------------------------


def _everywhere(spot: Spot) -> list[Option]:
    if not spot.prefix or spot.prefix == "*":
        return []
    return [Option("everywhere", spot.prefix, quote(spot.prefix), f"Search everywhere for {spot.prefix}")]


def _operators(spot: Spot) -> list[Option]:
    typed = spot.prefix.casefold()
    if spot.followed:
        return []
    operators = OPERATORS if spot.follows else (("NOT", "what comes next must not hold"),)
    return [
        Option("operator", word, word, help)
        for word, help in operators
        if word.casefold().startswith(typed) and (typed or spot.follows)
    ]


def _fields(spot: Spot, source: CompletionSource) -> list[Option]:
    return [
        Option("field", name.name, f"{name.name}:", f"{name.kind} · {name.help}", goes_on=True)
        for name in source.order_names(caret.find_names(spot.prefix))[:MOST_FIELDS]
    ]


def _parameters(spot: Spot, text: str) -> list[Option]:
    """The placeholders that the text has elsewhere."""
    try:
        names = list_placeholders(text[: spot.start] + "x" + text[spot.end :])
    except BadQuery:
        names = ()
    matching = [name for name in names if name.startswith(spot.prefix)]
    return [Option("parameter", f"${name}", f"${name}", "a value that is filled in") for name in matching]


def _saved(by: User, spot: Spot, text: str) -> list[Option]:
    """The person's own snippets, and the library's queries, by their names."""
    has_more_text = (text[: spot.start] + text[spot.end :]).strip() != ""
    snippets = Snippet.objects.filter(owner=by, name__icontains=spot.prefix)[:MOST_SAVED]
    options = [
        Option("snippet", snippet.name, _as_part(snippet.text, has_more_text), snippet.text) for snippet in snippets
    ]
    queries = SavedQuery.objects.offered().filter(name__icontains=spot.prefix).prefetch_related("versions")
    for query in queries[:MOST_SAVED]:
        if (version := query.current) is not None:
            insert = _as_part(version.text, has_more_text)
            options.append(Option("query", query.name, insert, query.description or version.text))
    return options


def _as_part(text: str, has_more_text: bool) -> str:
    """A whole query as a part of another."""
    try:
        clause = parse(text)
    except BadQuery:
        return text  # what was saved before the language changed is shown as it was
    return f"({text})" if has_more_text and isinstance(clause, All | Any_) else text


# --- What is read ----------------------------------------------------------------------------------------------------


def _with_values(completions: Completion, by: User, spot: Spot, search: Search, source: CompletionSource) -> Completion:
    field = spot.field or ""
    if (values := caret.list_known_values(field)) is not None:
        typed = spot.prefix.casefold()
        options = [Option("value", value, value, help) for value, help in values if value.startswith(typed)]
        return replace(completions, options=tuple(options))
    if caret.asked_of_the_trail(field) is None:
        return completions
    if field.endswith(".ip"):
        networks = operands.list_networks(spot.prefix)
        options = [Option("network", network, quote(network), "the whole network") for network in networks]
        completions = replace(completions, options=tuple(options))
    return _with_read(completions, source.read_values, by, spot, search)


def _with_read(completions: Completion, read: ReadOptions, by: User, spot: Spot, search: Search) -> Completion:
    options, note = read(by, spot, search)
    if not options and not completions.options and not note:
        note = f"No value here begins with {spot.prefix}." if spot.prefix else "No values here."
    return replace(completions, options=(*completions.options, *options), note=note)


def _ask_trail(read: ReadOptions) -> ReadOptions:
    """What the trail knows; nothing, and why, when it does not answer."""

    def ask(by: User, spot: Spot, search: Search) -> tuple[list[Option], str]:
        try:
            with admit_question(by), deadline(COMPLETION_SECONDS):
                return read(by, spot, _range_by_minute(search))
        except Busy as busy:
            return [], busy.sentence
        except (TrailUnavailable, WriteRefused, BadQuery):
            return [], "The trail does not answer now, so its values are not shown."

    return ask


def _read_values(by: User, spot: Spot, search: Search) -> tuple[list[Option], str]:
    field = caret.asked_of_the_trail(spot.field or "") or ""
    record_values_read(by, field, spot.prefix)
    values = field_values.suggest_values(quick_trail(), field, spot.prefix, search, build_scope(by))
    options = [Option("value", value, quote(value), "", count) for value, count in values.values]
    return options, _note_of_sample(values.sample)


def _read_names(by: User, spot: Spot, search: Search) -> tuple[list[Option], str]:
    record_values_read(by, spot.prefix.partition(".")[0], spot.prefix)
    names = field_values.suggest_names(quick_trail(), spot.prefix, search, build_scope(by))
    options = [
        Option("field", name, f"{name}:", "", count, goes_on=True) for name, count in names.values if may_be_typed(name)
    ]
    return options, _note_of_sample(names.sample)


def may_be_typed(name: str) -> bool:
    """Whether the language reads a name as that of a field."""
    return caret.find_spot(f"{name}:", len(name) + 1).field == name


def _note_of_sample(number: int) -> str:
    return f"As the newest {number:,} events have it." if number else ""


def _range_by_minute(search: Search) -> Search:
    """The range of time, the same for a minute: what is asked again is answered from the engine's memory."""
    try:
        return Search(start=search.start, end=search.end).resolved(datetime.now(UTC).replace(second=0, microsecond=0))
    except BadQuery:
        return Search()


def record_values_read(by: User, field: str, typed: str) -> None:
    """To read values is to look into the trail. Of a field it is recorded once a minute, not with every letter."""
    key = f"values-read:{by.pk}:{field}"
    try:
        if cache.get(key):
            return
    except RedisError:
        key = ""
    audit.record_access(CaseAction.VALUES_READ, by=by, resource=("field", field), labels={"begins": typed})
    if key:
        cache.set(key, True, timeout=RECORDED_EVERY)


OF_TRAIL = CompletionSource(_ask_trail(_read_values), _ask_trail(_read_names))
