"""Builds what the page of an identifier shows, each cell once: its subject, figures, what is new, and what it had to do with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from investigations.presentation import identifiers
from investigations.presentation.cells import make_visible, to_text
from investigations.presentation.figures import Figure
from investigations.presentation.links import NOTHING, build_icon, build_link, cut_text
from investigations.presentation.table_rows import write_rows
from investigations.presentation.times import build_time
from trail.documents import get
from trail.questions.answers import FieldValue
from trail.questions.entity import EntityDossier, RelatedValues
from trail.search.execute import Hit

LONGEST_FACT = 80
_NEW = SafeString(' <span class="pill pill--first">new</span>')
_NOTHING_NEW = SafeString("")
_AT_LEAST = '<abbr title="at most {} more; the first may be earlier and the last later">+</abbr>'


@dataclass(frozen=True, slots=True)
class ValueTable:
    """The commonest values of a field: `number` of them as far as is known, of which `more` are not shown."""

    field: str
    head: str
    number: str
    rows: SafeString
    more: int = 0
    others: int = 0
    counted: bool = True


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value that is new with an identifier: of which field, since when, in how many events."""

    head: str
    value: SafeString
    count: int
    first: SafeString


@dataclass(frozen=True, slots=True)
class News:
    """What is new with an identifier, field by field, the latest first. In `partial` not every value was looked at."""

    values: list[NewValue]
    partial: list[str]


@dataclass(frozen=True, slots=True)
class PageSubject:
    """Whom or what a page is about: `name` where people have one, `facts` in the order in which they are told."""

    icon: SafeString
    name: str
    facts: list[SafeString]


FAILURES = (
    ("Action", "event.action"),
    ("Reason", "event.reason"),
    ("User", "user.id"),
    ("Service", "service.name"),
    ("Address", "source.ip"),
    ("Token", "token.id"),
)


# --- The subject -----------------------------------------------------------------------------------------------------


def build_subject(dossier: EntityDossier) -> PageSubject:
    """What the newest event says of the subject, and where it is silent the oldest."""
    build = _FACTS.get(dossier.kind, _tell_nothing)
    name = ""
    if dossier.kind == "user":
        name = cut_text(_read_fact(dossier, "user.full_name") or "", LONGEST_FACT)
    elif dossier.kind in ("organisation", "resource"):
        name = cut_text(_read_fact(dossier, f"{dossier.field.split('.')[0]}.name") or "", LONGEST_FACT)
    is_id = name == make_visible(dossier.value)
    return PageSubject(build_icon(dossier.field), "" if is_id else name, [fact for fact in build(dossier) if fact])


def _tell_user(dossier: EntityDossier) -> Iterable[SafeString]:
    yield _write_fact(dossier, "user.name")
    if organisation := _read_fact(dossier, "organization.id"):
        yield build_link("organization.id", organisation)
    yield _write_fact(dossier, "user.email")
    yield _write_fact(dossier, "user.roles")


def _tell_address(dossier: EntityDossier) -> Iterable[SafeString]:
    country = _read_fact(dossier, "source.geo.country_iso_code")
    place = ", ".join(filter(None, (_read_fact(dossier, "source.geo.city_name"), country)))
    yield format_html("<bdi>{}</bdi>", cut_text(place, LONGEST_FACT)) if place else SafeString("place not on record")
    number, owner = _read_fact(dossier, "source.as.number"), _read_fact(dossier, "source.as.organization.name")
    if number:
        yield format_html('<bdi class="mono">AS{}</bdi>', cut_text(number))
    if owner:
        yield format_html("<bdi>{}</bdi>", cut_text(owner, LONGEST_FACT))
    if not number and not owner:
        yield SafeString("network and owner not on record")


def _tell_resource(dossier: EntityDossier) -> Iterable[SafeString]:
    yield _write_fact(dossier, "resource.type")
    if organisation := _read_fact(dossier, "organization.id"):
        yield build_link("organization.id", organisation)


def _tell_service(dossier: EntityDossier) -> Iterable[SafeString]:
    yield _write_fact(dossier, "service.type")
    yield _write_fact(dossier, "url.domain")


def _tell_client(dossier: EntityDossier) -> Iterable[SafeString]:
    yield SafeString("self-reported")


def _tell_nothing(dossier: EntityDossier) -> Iterable[SafeString]:
    return ()


_FACTS = {
    "user": _tell_user,
    "address": _tell_address,
    "origin": _tell_address,
    "resource": _tell_resource,
    "service": _tell_service,
    "client": _tell_client,
}


def _read_fact(dossier: EntityDossier, field: str) -> str | None:
    for hit in (dossier.last, dossier.first):
        if hit is not None and (text := to_text(get(hit.document, field))):
            return text
    return None


def _write_fact(dossier: EntityDossier, field: str) -> SafeString:
    text = _read_fact(dossier, field)
    return format_html('<bdi title="{}">{}</bdi>', field, cut_text(text, LONGEST_FACT)) if text else SafeString("")


def build_sighting(dossier: EntityDossier, hit: Hit | None) -> SafeString:
    """When an event was, as a link to it, from where and by whom."""
    if hit is None:
        return SafeString("")
    document = hit.document
    parts = [_link_event(hit.event_id, build_time(hit.timestamp))]
    if dossier.field != "source.ip" and (address := get(document, "source.ip")):
        addresses = address if isinstance(address, list) else [address]
        parts.append(
            format_html(
                " from {}", format_html_join(", ", "{}", ((build_link("source.ip", each),) for each in addresses))
            )
        )
        place = ", ".join(
            to_text(value)
            for field in ("source.geo.city_name", "source.geo.country_iso_code")
            if (value := get(document, field))
        )
        if place:
            parts.append(format_html(" (<bdi>{}</bdi>)", cut_text(place)))
    if dossier.field != "user.id" and (user := get(document, "user.id")):
        parts.append(SafeString(f" by {build_link('user.id', user)}"))
    return SafeString("".join(parts))


# --- What it had to do with ------------------------------------------------------------------------------------------


def build_value_rows(field: str, values: Iterable[FieldValue], dossier: EntityDossier | None = None) -> SafeString:
    """Values as rows, each with its number, first and last; of a dossier's it is said which are new."""
    rows = (
        (
            build_link(field, value.value) + (_NEW if dossier and dossier.is_new(value) else _NOTHING_NEW),
            format_html("{}{}", f"{value.count:,}", format_html(_AT_LEAST, f"{value.error:,}") if value.error else ""),
            build_time(value.first, "table"),
            build_time(value.last, "table"),
        )
        for value in values
    )
    return write_rows(rows, ("", "number", "nowrap", "nowrap"))


def build_value_tables(dossier: EntityDossier) -> list[ValueTable]:
    """A table for each field of which the identifier's events have values."""
    return [_build_table(dossier, name, related) for name, related in dossier.related.items() if related.values.values]


def _build_table(dossier: EntityDossier, name: str, related: RelatedValues) -> ValueTable:
    return ValueTable(
        field=name,
        head=identifiers.HEADS.get(name, name),
        number=f"{'' if related.counted else 'about '}{related.number:,}",
        rows=build_value_rows(name, related.values.values, dossier),
        more=related.number - len(related.values.values),
        others=related.values.others,
        counted=related.counted,
    )


def build_news(dossier: EntityDossier) -> News:
    """Every value that a table of the page shows as new, and of watched fields those that came last."""
    news: list[NewValue] = []
    partial = []
    for name, related in dossier.related.items():
        looked_at = {value.value: value for value in (*related.values.values, *related.newest)}
        fresh = [value for value in looked_at.values() if dossier.is_new(value)]
        fresh.sort(key=lambda value: value.first, reverse=True)
        news += [_build_new_value(value, name) for value in fresh]
        # Of a watched field the newest are known, so that none is missing as long as one of these is not new.
        is_known = any(not dossier.is_new(value) for value in related.newest)
        if related.values.others and not is_known:
            partial.append(identifiers.HEADS.get(name, name))
    return News(news, partial)


def _build_new_value(value: FieldValue, name: str) -> NewValue:
    link = build_link(name, value.value, icon=True)
    return NewValue(identifiers.HEADS.get(name, name), link, value.count, build_time(value.first))


# --- What failed -----------------------------------------------------------------------------------------------------


def build_failures(hits: Sequence[Hit], leave_out: str) -> SafeString:
    """The latest events that failed as rows; the column of the page's own field would say the same in each and is left out."""
    fields = [field for _, field in FAILURES if field != leave_out]
    rows = (
        (
            _link_event(hit.event_id, build_time(hit.timestamp, "event")),
            *(build_link(field, get(hit.document, field)) for field in fields),
        )
        for hit in hits
    )
    return write_rows(rows, ("nowrap", *("" for _ in fields)))


def name_failure_columns(leave_out: str) -> list[str]:
    """The heads of `build_failures`."""
    return [head for head, field in FAILURES if field != leave_out]


def _link_event(event_id: str, shown: SafeString) -> SafeString:
    return format_html('<a class="when" href="{}" data-open>{}</a>', reverse("event_detail", args=[event_id]), shown)


def link_event(hit: Hit | None, form: str = "table") -> SafeString:
    """When an event was, as a link to it; a dash where there is none."""
    return _link_event(hit.event_id, build_time(hit.timestamp, form)) if hit else NOTHING


def build_entity_figures(dossier: EntityDossier, news: News, tables: Sequence[ValueTable]) -> list[Figure]:
    """Events, failures, how many of what it had to do with first of all, and what is new."""
    figures = [
        Figure("events", f"{dossier.total:,}"),
        Figure("denied", f"{dossier.failed:,}", "#denied", "is-denied" if dossier.failed else ""),
    ]
    for table in tables[:1]:
        figures.append(Figure(table.head.lower(), table.number, f"#{table.field}"))
    if dossier.new_since:
        figures.append(Figure("new", f"{len(news.values):,}", "#new"))
    return figures


def build_parts(dossier: EntityDossier, news: News, tables: Sequence[ValueTable]) -> list[tuple[str, str, str]]:
    """The parts of the page by what they are about: the address of each, its name and its number."""
    parts = [("#new", "New", f"{len(news.values):,}")] if dossier.new_since else []
    if dossier.failed:
        parts.append(("#denied", "Denied", f"{dossier.failed:,}"))
    return parts + [(f"#{table.field}", table.head, table.number) for table in tables]
