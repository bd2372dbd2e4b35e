"""Builds the rows of the table of events, each prepared once as markup, so that a template has one value to write for a row."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from types import MappingProxyType
from typing import Any

from django.utils.safestring import SafeString

from investigations.event_addresses import event_address
from investigations.presentation import times
from investigations.presentation.cells import make_visible, to_text
from investigations.presentation.columns import TIME
from investigations.presentation.identifiers import page_address
from operations.sealing.record_signatures import RecordSignature, SignatureState
from trail.documents import get
from trail.pairs import PAIR_BY_NAME, Pair
from trail.questions.revocations import NO_ENDINGS, Endings, Revocation, read_tokens
from trail.schema import IDENTIFIERS, Kind, field_of
from trail.search.execute import Hit
from trail.search.spec import Search
from trail.times import is_event_time, parse_time

CLIENT = "user_agent.original"
# Tokens that a page is about.
FEW = 3
# Characters of a value that a cell shows; what is cut is marked, for a copy of it is asked of the server.
SHOWN = 120
# Classes that the narrow layout arranges a card by; other cells are in the opened row there.
_PLACES = {
    "token.id": "c-token",
    "event.action": "c-action",
    "event.outcome": "c-outcome",
    "source.ip": "c-address",
    "resource.id": "c-resource",
}
_PREFIX = "token."
_WORDS = {"success": "accepted", "failure": "denied"}


@dataclass(frozen=True, slots=True)
class RowContext:
    """What is known of events beside what they hold: of which kinds they are the first, what ended their tokens, which are
    sealed, the labels and addresses under which they are evidence, what their signatures say; and whether
    whoever looks may pin them."""

    kinds_by_event: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    endings: Endings = NO_ENDINGS
    sealed: frozenset[str] = frozenset()
    pinned: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    signatures: Mapping[str, RecordSignature] = field(default_factory=lambda: MappingProxyType({}))
    may_pin: bool = True


@dataclass(frozen=True, slots=True)
class TableRow:
    """One event in the table: its number among all, its markup, and the revocations whose lines stand above it."""

    number: int
    event_id: str
    markup: SafeString
    lines: tuple[Revocation, ...] = ()


def build_table_rows(
    hits: Sequence[Hit], search: Search, context: RowContext, *, start: int = 0, after: Sequence[Any] | None = None
) -> list[TableRow]:
    """The rows of a page whose first is number `start` + 1; `after` is the place of the event before it, if there is one."""
    after_end = {hit.event_id: end for hit in hits if (end := context.endings.find_revocation(hit)) is not None}
    lines = _find_lines(hits, search, _list_revocations(hits, context.endings, after_end.values()), after)
    names = [name for name in search.columns if name != TIME]
    shows_time = TIME in search.columns
    clock, rows, day, write_value = times.DayClock(), [], "", _remember_values()
    for number, hit in enumerate(hits, start + 1):
        before = day
        day, time_of_day = clock.split(hit.timestamp) if is_event_time(hit.timestamp) else (hit.timestamp, "")
        is_new_day = shows_time and day != before
        cells = [_build_pick(hit, f"{day} {time_of_day}", context)]
        cells.append(_build_time(hit, day, time_of_day, is_new_day=is_new_day, shows_time=shows_time))
        new = _place_badges(context.kinds_by_event.get(hit.event_id, ()), names)
        cells += [write_value(name, get(hit.document, name), hit, new.get(name, "")) for name in names]
        cells.append(_build_proof(hit, context))
        is_after = hit.event_id in after_end or get(hit.document, "event.reason") == "revoked"
        look = f"row{' row--day' if is_new_day else ''}{' row--after' if is_after else ''}"
        row = (
            f'<tr class="{look}" data-event="{escape(hit.event_id)}" aria-rowindex="{number + 1}">{"".join(cells)}</tr>'
        )
        rows.append(TableRow(number, hit.event_id, SafeString(row), lines.get(hit.event_id, ())))
    return rows


def _find_lines(
    hits: Sequence[Hit], search: Search, revocations: Sequence[Revocation], after: Sequence[Any] | None
) -> dict[str, tuple[Revocation, ...]]:
    """The revocations that lie between an event and the one above it, by the event, where the rows are in the order of time."""
    if search.sort[0] != TIME:
        return {}
    above = after[0] if after and isinstance(after[0], int) else None
    lines: dict[str, tuple[Revocation, ...]] = {}
    for hit in hits:
        place = parse_time(hit.timestamp)
        if above is not None:
            low, high = sorted((place, above))
            between = [end for end in revocations if low <= parse_time(end.at) < high]
            if between:
                lines[hit.event_id] = tuple(between)
        above = place
    return lines


def _list_revocations(hits: Sequence[Hit], endings: Endings, after: Iterable[Revocation]) -> list[Revocation]:
    """Those that some row came after, or of the few tokens that the page is about: of the others nobody asked."""
    if len({token for hit in hits for token in read_tokens(hit)[:1]}) > FEW:
        return list({revocation.event_id: revocation for revocation in after}.values())
    return [revocation for token in endings.by_token if (revocation := endings.read_last(token)) is not None]


def _build_pick(hit: Hit, when: str, context: RowContext) -> str:
    if pinned := context.pinned.get(hit.event_id):
        label, address = pinned
        return (
            f'<td class="c-pick"><a class="pinned" href="{escape(address)}" title="Evidence {label}">{label}</a></td>'
        )
    if not context.may_pin:
        return '<td class="c-pick"></td>'
    return (
        f'<td class="c-pick"><input type="checkbox" name="event" value="{escape(hit.event_id)}" form="pin-form"'
        f' aria-label="Choose {escape(make_visible(when))}"></td>'
    )


def _build_time(hit: Hit, day: str, time_of_day: str, *, is_new_day: bool, shows_time: bool) -> str:
    """The cells of the day and the time, which open the row; where the time is no column, what opens it stands alone."""
    shown_day = escape(make_visible(day))
    head = f'<td class="c-day"><b>{shown_day}</b></td>' if is_new_day else '<td class="c-day"></td>'
    time = escape(make_visible(hit.timestamp))
    if not shows_time:
        head, inner = "", '<span class="hidden">Open</span>'
    elif time_of_day:
        fraction = f".{time[20:-1][:3]:0<3}"
        inner = f'<time datetime="{time}">{time_of_day}<span class="ms">{fraction}</span></time>'
    else:
        inner = f"<bdi>{time}</bdi>"
    address = escape(event_address(hit.event_id))
    return f'{head}<td class="c-time"><a class="open" href="{address}" data-open>{inner}</a></td>'


def _remember_values() -> Callable[[str, Any, Hit, str], str]:
    """What writes the cells of one page: most of its values stand in many rows, and are written once."""
    written: dict[tuple[str, str], str] = {}

    def write(name: str, value: Any, hit: Hit, badge: str) -> str:
        if badge or name == "event.outcome" or not isinstance(value, str):
            return _build_cell(name, value, hit, badge)
        cell = written.get((name, value))
        if cell is None:
            cell = written[name, value] = _build_cell(name, value, hit, badge)
        return cell

    return write


# The style sheet writes a dash into it, and says that it is none.
_EMPTY = '<td class="c-none"></td>'


def _build_cell(name: str, value: Any, hit: Hit, badge: str) -> str:
    if isinstance(value, list) and len(value) > 1 and name in IDENTIFIERS:
        # The first, and how many more there are: all of them stand in the opened row.
        every = escape(make_visible(to_text(value))[:2_000])
        return _build_cell(
            name, value[0], hit, f'<span class="ms" title="{every}">&nbsp;+{len(value) - 1}</span>{badge}'
        )
    text = to_text(value)
    if not text:
        return f'<td class="{_PLACES[name]} c-none"></td>' if name in _PLACES else _EMPTY
    if name == "event.outcome":
        return _build_outcome(text, get(hit.document, "event.reason"))
    shown = make_visible(_shorten_client(text) if name == CLIENT else text)
    is_cut = len(shown) > SHOWN
    whole = shown != text or is_cut
    safe_text = f"{escape(shown[:SHOWN])}…" if is_cut else escape(shown)
    # What stands there whole says itself, and where there is no room for it, by the script of the table.
    title = f' title="{escape(make_visible(text)[:2_000])}"' if whole else ""
    value_of = " data-cut" if whole else ""
    place = f' class="{_PLACES[name]}"' if name in _PLACES else ""
    if name == "event.action" and text.startswith(_PREFIX) and not whole:
        return f'<td{place} data-value="{safe_text}">{safe_text.removeprefix(_PREFIX)}</td>'
    if name in IDENTIFIERS:
        return f"<td{place}{value_of}>{_build_identifier(name, text, safe_text, title)}{badge}</td>"
    if isinstance(value, str) and _is_time(name) and is_event_time(value):
        return f'<td><time datetime="{safe_text}" title="{safe_text}">{times.format_table(value)}</time></td>'
    look = ' class="mono"' if _is_mono(name) else ""
    return f"<td{place}{value_of}><bdi{look}{title}>{safe_text}</bdi>{badge}</td>"


def _shorten_client(text: str) -> str:
    """What a browser says last of itself, which is the browser; what it says before, every browser says."""
    return text.rpartition(") ")[2] or text if text.startswith("Mozilla/") else text


def _build_identifier(name: str, text: str, safe_text: str, title: str) -> str:
    """A link to the page of an identifier; what is known of it and asked of it there and in the menu of the cell."""
    if name != CLIENT and (address := page_address(name, text)):
        return f'<a class="id" href="{escape(address)}"{title}>{safe_text}</a>'
    return f'<bdi class="mono"{title}>{safe_text}</bdi>'


@cache
def _is_mono(name: str) -> bool:
    known = field_of(name)
    return known is not None and known.kind in (Kind.WILDCARD, Kind.OPAQUE, Kind.KEYWORD, Kind.IP)


@cache
def _is_time(name: str) -> bool:
    known = field_of(name)
    return known is not None and known.kind is Kind.TIME


def _build_outcome(outcome: str, reason: Any) -> str:
    """Accepted, which the style sheet shows as a tick; why it was denied, after a cross. What the event itself says is copied."""
    value = escape(make_visible(outcome))
    word = _WORDS.get(outcome, value)
    if outcome == "failure":
        word = escape(make_visible(to_text(reason))[:SHOWN]) or word
    return f'<td class="c-outcome" data-value="{value}">{word}</td>'


def _place_badges(kinds: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """The badges of first ones by the column that they stand in: that of the value that is new, else of whose it is new."""
    placed: dict[str, list[Pair]] = {}
    for pair in (PAIR_BY_NAME[kind] for kind in kinds if kind in PAIR_BY_NAME):
        beside = next((name for name in (*pair.right, pair.left) if name in names), names[0] if names else "")
        placed.setdefault(beside, []).append(pair)
    return {name: _build_badge(pairs, name) for name, pairs in placed.items()}


def _build_badge(pairs: Sequence[Pair], name: str) -> str:
    words = ", ".join(dict.fromkeys(pair.whose if name in pair.right else pair.what for pair in pairs))
    meaning = escape("First time ever. " + " ".join(f"{pair.label}. {pair.help}" for pair in pairs))
    return f'<span class="new" title="{meaning}"><span class="hidden">first time ever: </span>{words}</span>'


def _build_proof(hit: Hit, context: RowContext) -> str:
    """Whether the event is sealed, and where it claims to be the console's own record, whether that holds."""
    is_sealed = hit.event_id in context.sealed
    label, look = ("sealed", "") if is_sealed else ("not sealed yet", " is-unsealed")
    signature = context.signatures.get(hit.event_id)
    if signature is None:
        return f'<td class="c-proof{look}">{label}</td>'
    word = f"{escape(signature.label)}"
    if signature.state is not SignatureState.FORGED:
        return f'<td class="c-proof{look}" title="{escape(signature.reason)}">{label}, {word}</td>'
    return f'<td class="c-proof is-forged" title="{escape(signature.reason)}"><b>{word}</b></td>'
