"""What the query bar offers while somebody types: names of fields, values from the trail, snippets, saved queries."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.core.cache import cache
from redis.exceptions import RedisError

from accounts.journal import quick_trail
from accounts.models import User
from investigations import journal
from investigations.access import scope_of
from investigations.journal import Action
from investigations.models import SavedQuery, Snippet
from trail.errors import BadQuery, TrailUnavailable, WriteRefused
from trail.search import addresses, completion, values
from trail.search.completion import Spot
from trail.search.language import All, Any_, parse, placeholders
from trail.search.quoting import quoted
from trail.search.spec import Search

FIELDS, KEPT = 60, 8
ON_RECORD_EVERY = 60  # seconds
OPERATORS = (
    ("AND", "both must hold"), ("OR", "either will do"), ("AND NOT", "the next must not hold"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can stand at the caret. `insert` is what is put there; `goes_on` if a value belongs behind it."""

    kind: str
    text: str
    insert: str
    help: str = ""
    count: int | None = None
    goes_on: bool = False


# Options of the trail, and what is to be said of them.
Reading = Callable[[User, Spot, Search], tuple[list[Option], str]]


@dataclass(frozen=True, slots=True)
class Completion:
    """What can stand between two places of the text, and what is to be said of it: of a sample, or why something is missing."""

    start: int
    end: int
    options: tuple[Option, ...] = ()
    note: str = ""


def complete(*, by: User, text: str, at: int, search: Search) -> Completion:
    """What can stand at `at`. Values are read within the person's scope and the search's time, and that is put on record.

    Never raises for what the trail does not answer: it offers what it has, and says so.
    """
    spot = completion.spot(text, at)
    found = Completion(spot.start, spot.end)
    match spot.what:
        case "word":
            found = replace(
                found, options=(*_everywhere(spot), *_operators(spot), *_fields(spot), *_kept(by, spot, text))
            )
        case "field":
            found = replace(found, options=tuple(_fields(spot)))
        case "parameter":
            return replace(found, options=tuple(_parameters(spot, text)))
        case "value":
            return _values(found, by, spot, search)
    if spot.what != "nothing" and spot.prefix.startswith(completion.OPEN_NAMES):
        return _further(found, _names, by, spot, search)
    return found


# --- What needs no asking --------------------------------------------------------------------------------------------


def _everywhere(spot: Spot) -> list[Option]:
    if not spot.prefix or spot.prefix == "*":
        return []
    return [Option("everywhere", spot.prefix, quoted(spot.prefix), f"Search everywhere for {spot.prefix}")]


def _operators(spot: Spot) -> list[Option]:
    typed = spot.prefix.casefold()
    if spot.followed:
        return []
    offered = OPERATORS if spot.follows else (("NOT", "what comes next must not hold"),)
    return [
        Option("operator", word, word, help)
        for word, help in offered
        if word.casefold().startswith(typed) and (typed or spot.follows)
    ]


def _fields(spot: Spot) -> list[Option]:
    return [
        Option("field", name.name, f"{name.name}:", f"{name.kind} · {name.help}", goes_on=True)
        for name in completion.names_like(spot.prefix)[:FIELDS]
    ]


def _parameters(spot: Spot, text: str) -> list[Option]:
    """The blanks that the text has elsewhere."""
    try:
        elsewhere = placeholders(text[: spot.start] + "x" + text[spot.end :])
    except BadQuery:
        elsewhere = ()
    fitting = [name for name in elsewhere if name.startswith(spot.prefix)]
    return [Option("parameter", f"${name}", f"${name}", "a value that is filled in") for name in fitting]


def _kept(by: User, spot: Spot, text: str) -> list[Option]:
    """The person's own snippets, and the library's queries, by their names."""
    beside = (text[: spot.start] + text[spot.end :]).strip() != ""
    snippets = Snippet.objects.filter(owner=by, name__icontains=spot.prefix)[:KEPT]
    found = [Option("snippet", one.name, _as_part(one.text, beside), one.text) for one in snippets]
    queries = SavedQuery.objects.offered().filter(name__icontains=spot.prefix).prefetch_related("versions")[:KEPT]
    for query in queries:
        if query.current is not None:
            kept = query.current.text
            found.append(Option("query", query.name, _as_part(kept, beside), query.description or kept))
    return found


def _as_part(text: str, beside: bool) -> str:
    """A whole query as a part of another."""
    try:
        clause = parse(text)
    except BadQuery:
        return text  # what was kept before the language changed is shown as it was
    return f"({text})" if beside and isinstance(clause, All | Any_) else text


# --- What the trail is asked -----------------------------------------------------------------------------------------


def _values(found: Completion, by: User, spot: Spot, search: Search) -> Completion:
    field = spot.field or ""
    if (known := completion.known_values(field)) is not None:
        typed = spot.prefix.casefold()
        fitting = [(value, help) for value, help in known if value.startswith(typed)]
        return replace(found, options=tuple(Option("value", value, value, help) for value, help in fitting))
    if completion.asked_of_the_trail(field) is None:
        return found
    if field.endswith(".ip"):
        networks = addresses.networks(spot.prefix)
        found = replace(
            found, options=tuple(Option("network", one, quoted(one), "the whole network") for one in networks)
        )
    return _further(found, _read_values, by, spot, search)


def _further(found: Completion, read: Reading, by: User, spot: Spot, search: Search) -> Completion:
    """With what the trail knows; without it, and why, when it does not answer."""
    try:
        options, note = read(by, spot, _minute(search))
    except (TrailUnavailable, WriteRefused, BadQuery):
        return replace(found, note="The trail does not answer now, so its values are not shown.")
    if not options and not found.options and not note:
        note = f"No value within this time begins with {spot.prefix}." if spot.prefix else "No values within this time."
    return replace(found, options=(*found.options, *options), note=note)


def _read_values(by: User, spot: Spot, search: Search) -> tuple[list[Option], str]:
    field = completion.asked_of_the_trail(spot.field or "") or ""
    _on_record(by, field, spot.prefix)
    read = values.beginning(quick_trail(), field, spot.prefix, search, scope_of(by))
    return [Option("value", value, quoted(value), "", count) for value, count in read.found], _sampled(read.sample)


def _names(by: User, spot: Spot, search: Search) -> tuple[list[Option], str]:
    _on_record(by, spot.prefix.partition(".")[0], spot.prefix)
    read = values.names(quick_trail(), spot.prefix, search, scope_of(by))
    usable = [(name, count) for name, count in read.found if completion.spot(f"{name}:", len(name) + 1).field == name]
    return [Option("field", name, f"{name}:", "", count, goes_on=True) for name, count in usable], _sampled(read.sample)


def _sampled(number: int) -> str:
    return f"As the newest {number:,} events have it." if number else ""


def _minute(search: Search) -> Search:
    """The range of time, the same for a minute: what is asked again is answered from the engine's memory."""
    try:
        return Search(start=search.start, end=search.end).resolved(datetime.now(UTC).replace(second=0, microsecond=0))
    except BadQuery:
        return Search()


def _on_record(by: User, field: str, typed: str) -> None:
    """To read values is to look into the trail. Of a field it is on record once a minute, not with every letter."""
    key = f"values-read:{by.pk}:{field}"
    try:
        if cache.get(key):
            return
    except RedisError:
        key = ""
    journal.record(Action.VALUES_READ, by=by, resource=("field", field), labels={"begins": typed})
    if key:
        cache.set(key, True, timeout=ON_RECORD_EVERY)
