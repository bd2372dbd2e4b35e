"""Builds what the page of a user adds: their tokens on one axis, how they travelled, and the answer in figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from investigations.presentation.figures import Figure
from investigations.presentation.identifier_page import link_event
from investigations.presentation.lifeline.scale import Scale, build_scale
from investigations.presentation.links import NOTHING, build_link, cut_text
from investigations.presentation.table_rows import write_rows
from investigations.presentation.times import build_time, format_day
from investigations.presentation.tokens import duration_text
from trail.documents import get
from trail.questions.issued_tokens import SHOWN, IssuedToken
from trail.questions.travel import Leap, Sighting
from trail.questions.user import UsedToken, UserDossier
from trail.times import format_time, parse_time

_PILLS = {"alive": ("active", "active"), "revoked": ("revoked", "revoked"), "expired": ("expired", "expired")}
LEAPS_SHOWN = 10
TOKEN_LOOKS = ("nowrap", "soft", "nowrap", "nowrap", "number", "number denied", "nowrap", "nowrap", "life__cell")


THINNEST = 0.3  # percent: what happened in a moment is seen all the same
_LIFE = '<svg class="life" aria-hidden="true">{}</svg>'
_BAR = '<rect class="life__{}" x="{}%" y="9" width="{}%" height="6"/>'
_LINE = '<line class="life__{0}" x1="{1}%" x2="{1}%" y1="{2}" y2="{3}"/>'


@dataclass(frozen=True, slots=True)
class TokenTable:
    """A number of tokens as rows on one axis, whose ends are named; `newest` is the first."""

    number: int
    rows: SafeString
    newest: SafeString
    start: str
    end: str


# --- Tokens ----------------------------------------------------------------------------------------------------------


def build_tokens(tokens: Sequence[IssuedToken], now: datetime) -> TokenTable:
    """A page of tokens as rows, all of them on the axis of the longest of these lives."""
    at = int(now.timestamp()) * 1_000_000_000
    scale = _build_axis(tokens, at)
    return TokenTable(
        number=len(tokens),
        rows=write_rows((_build_token(token, scale, at) for token in tokens), TOKEN_LOOKS),
        newest=build_link(_name_field(tokens[0]), tokens[0].ref) if tokens else NOTHING,
        start=format_day(format_time(scale.start)),
        end=format_day(format_time(scale.end)),
    )


def _build_axis(tokens: Sequence[IssuedToken], now: int) -> Scale:
    """From the first issue to the last end, a week after now at the most: a token that never expires has none."""
    starts = [parse_time(token.issued.timestamp) for token in tokens]
    ends = [parse_time(token.expires_at) for token in tokens if token.expires_at]
    span = max(now - min(starts, default=now), 1)
    return build_scale(
        (), start=min(starts, default=now), end=min(max([now, *ends]), now + span // 6), compressed=False
    )


def _build_token(token: IssuedToken, scale: Scale, now: int) -> tuple[str, ...]:
    """A token cell by cell."""
    return (
        build_link(_name_field(token), token.ref, icon=True),
        cut_text(token.kind or "", 40),
        link_event(token.issued),
        _build_state(token),
        f"{token.accepted:,}",
        f"{token.refused:,}" if token.refused else "",
        build_time(token.last_used, "table") if token.last_used else SafeString('<span class="none">never</span>'),
        _list_addresses(token),
        _draw_life(token, scale, now),
    )


def _name_field(token: IssuedToken) -> str:
    """The field by which a token is known."""
    return "token.id" if token.token_id else "token.fingerprint"


def _build_state(token: IssuedToken) -> SafeString:
    """What it is now, since when or until when, and why."""
    status = token.status
    look, word = _PILLS.get(status.state, ("", status.state))
    pill = format_html('<span class="pill pill--{}">{}</span>', look, word)
    if status.ending is None:
        until = token.expires_at if status.state == "alive" else status.since
        word = "until " if status.state == "alive" else ""
        return format_html("{} {}{}", pill, word, build_time(until, "table")) if until else pill
    reason = get(status.ending.event.document, "token.revocation.reason")
    through = "" if status.ending.through == "itself" else f"through its {status.ending.through}"
    why = ": ".join(filter(None, (through, cut_text(str(reason), 80) if reason else "")))
    beside = format_html(' <bdi class="text soft" title="{0}">{0}</bdi>', why) if why else ""
    return format_html("{} {}{}", pill, link_event(status.ending.event), beside)


def _list_addresses(token: IssuedToken) -> SafeString:
    links = format_html_join(", ", "{}", ((build_link("source.ip", address),) for address in token.addresses))
    if token.address_count > SHOWN:
        least = "at least " if token.address_count == 100 else ""
        links = format_html("{} and {}{} more", links, least, token.address_count - SHOWN)
    if token.others:
        users = format_html_join(", ", "{}", ((build_link("user.id", user),) for user in token.others))
        links = format_html("{} also by {}", links, users)
    return links or NOTHING


def _draw_life(token: IssuedToken, scale: Scale, now: int) -> SafeString:
    """A token on the axis: from where to where it could be used, and was; where it was revoked; where now is."""
    ends = [parse_time(time) for time in (token.expires_at, token.revoked_at) if time]
    parts = [_draw_bar("could", scale, parse_time(token.issued.timestamp), min(ends, default=scale.end))]
    if token.first_used and token.last_used:
        parts.append(_draw_bar("used", scale, parse_time(token.first_used), parse_time(token.last_used)))
    if token.revoked_at:
        parts.append(_LINE.format("end", scale.place(parse_time(token.revoked_at)), 5, 19))
    parts.append(_LINE.format("now", scale.place(now), 0, 24))
    # Numbers and fixed words alone.
    return SafeString(_LIFE.format("".join(parts)))


def _draw_bar(look: str, scale: Scale, start: int, end: int) -> str:
    left, right = scale.place(start), scale.place(end)
    return _BAR.format(look, left, round(max(right - left, THINNEST), 2))


def build_foreign(tokens: Sequence[UsedToken]) -> SafeString:
    """Tokens of others, or of nobody on record, as rows."""
    unknown = SafeString("no issue on record")
    rows = (
        (
            build_link("token.id", token.token_id, icon=True),
            build_link("user.id", get(token.issued.document, "user.id")) if token.issued else unknown,
            link_event(token.issued),
            f"{token.used.count:,}",
            build_time(token.used.first, "table"),
            build_time(token.used.last, "table"),
        )
        for token in tokens
    )
    return write_rows(rows, ("", "", "nowrap", "number", "nowrap", "nowrap"))


# --- Travel ----------------------------------------------------------------------------------------------------------


def build_leaps(leaps: Sequence[Leap]) -> SafeString:
    """Impossible travels as rows."""
    rows = (
        (
            _link_sighting(leap.before),
            _tell_place(leap.before),
            _link_sighting(leap.after),
            _tell_place(leap.after),
            f"{leap.kilometres:,.0f} km",
            duration_text(leap.after.instant - leap.before.instant),
            f"{leap.speed:,.0f} km/h" if leap.speed else "no time at all",
        )
        for leap in leaps
    )
    return write_rows(rows, ("nowrap", "", "nowrap", "", "number nowrap", "number nowrap", "number nowrap"))


def _link_sighting(sighting: Sighting) -> SafeString:
    address = reverse("event_detail", args=[sighting.event_id])
    return format_html('<a href="{}">{}</a>', address, build_time(sighting.timestamp, "table"))


def _tell_place(sighting: Sighting) -> SafeString:
    """The city and the country, else the degrees; the address, and that it was denied."""
    named = ", ".join(part for part in (sighting.city, sighting.country) if part)
    place = cut_text(named) if named else f"{sighting.place[0]:.2f}, {sighting.place[1]:.2f}"
    denied = SafeString(' <span class="denied">denied</span>') if sighting.outcome == "failure" else ""
    return format_html("<bdi>{}</bdi> {}{}", place, build_link("source.ip", sighting.address), denied)


# --- The answer ------------------------------------------------------------------------------------------------------


def build_user_figures(answer: UserDossier) -> Iterator[Figure]:
    """The figures beside the answer to the second question."""
    issued, travels, failed = answer.issued.total, answer.travel.total, answer.dossier.failed
    yield Figure("token issued" if issued == 1 else "tokens issued", f"{issued:,}", "#tokens")
    usable = "usable now" if answer.usable.whole else "usable now, at least"
    yield Figure(usable, f"{answer.usable.number:,}", "#tokens")
    yield Figure("impossible travel" if travels == 1 else "impossible travels", f"{travels:,}", "#travel")
    yield Figure("denied", f"{failed:,}", "#denied", "is-denied" if failed else "")
