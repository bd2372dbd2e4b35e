"""Puts together what a token's page shows: its figures, its lifeline, the same figures as rows, and where its events are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from core.csv import build_csv_lines
from investigations.presentation.cells import make_visible
from investigations.presentation.figures import Figure
from investigations.presentation.lifeline.build import Subject
from investigations.presentation.lifeline.choice import LifelineChoice
from investigations.presentation.lifeline.picture import Flag
from investigations.presentation.lifeline.rows import draw_lifeline
from investigations.presentation.lifeline.words import write_clock, write_length
from investigations.questions.comparison import LEFT
from investigations.search_url import fits_address, search_address
from trail.documents import get
from trail.questions.attenuations import Attenuation
from trail.questions.lifeline import LaneFigures, Lifeline, Moment
from trail.questions.token import DrawnToken, TokenDossier
from trail.search.spec import Filter, Search
from trail.times import parse_time

ENDS = ("first (UTC)", "last (UTC)", "first accepted (UTC)", "last accepted (UTC)")
OWNED_BY = {
    "kind": "token.kind",
    "organisation": "organization.id",
    "key": "token.key_id",
    "location": "token.location",
}


def build_token_page(drawn: DrawnToken, choice: LifelineChoice, now: datetime) -> dict[str, Any]:
    """The context of a token's page."""
    dossier, lifeline = drawn.dossier, drawn.lifeline
    subject = _build_subject(dossier, drawn.attenuations)
    lifeline = replace(lifeline, lifecycle=_with_attenuations(lifeline, drawn.attenuations))
    family = Search(filters=(Filter("token.lineage", (dossier.token.value,)),))
    return {
        "answer": dossier,
        "owned": {name: dossier.about[field].commonest for name, field in OWNED_BY.items()},
        "figures": _build_figures(dossier),
        "uses_url": search_address(dossier.uses_search),
        "events_url": search_address(dossier.search),
        "lineage_url": search_address(family),
        "compare_url": _compare_url(dossier.search),
        **draw_lifeline(lifeline, choice, subject, now),
        "attenuations": drawn.attenuations,
        "csv_url": choice.write_url(format="csv"),
        "newcomer": _find_newcomer(lifeline) if choice.lanes.field == "source.ip" else None,
        "last_denied": _write_last_denied(dossier, lifeline),
        "family": len(dossier.attenuations.values) + _count_children(dossier, lifeline),
        "verifiers": len(dossier.where["service.name"].values),
        "story": [hit.event_id for hit in _list_story(dossier)],
    }


def _with_attenuations(lifeline: Lifeline, attenuations: Sequence[Attenuation]) -> tuple[Moment, ...]:
    """The events of its life, and the first of each fingerprint that no event of its own tells of."""
    named = {moment.named.get("token.fingerprint") for moment in lifeline.lifecycle if moment.kind == "attenuated"}
    firsts = (
        Moment(
            attenuation.first, attenuation.event_id, "attenuated", "", {"token.fingerprint": attenuation.fingerprint}
        )
        for attenuation in attenuations
        if attenuation.source and attenuation.fingerprint not in named
    )
    return tuple(sorted((*lifeline.lifecycle, *firsts), key=lambda moment: moment.time))


def _build_subject(dossier: TokenDossier, attenuations: Sequence[Attenuation]) -> Subject:
    """How the token's end and the events of its life are named in the picture."""
    own = set(dossier.token_ids)
    added = {attenuation.fingerprint: ", ".join(attenuation.added) for attenuation in attenuations}

    def name(moment: Moment) -> str:
        token = moment.named.get("token.id", "")
        match moment.kind:
            case "issued" if token not in own:
                return f"issued {token}"
            case "attenuated":
                fingerprint = moment.named.get("token.fingerprint", "")
                return f"+ {moment.named.get('token.caveats.added') or added.get(fingerprint) or 'attenuated'}"
            case "restored":
                return "restored"
        return ""

    first_use = parse_time(dossier.first.timestamp) if dossier.first else None
    return Subject(dossier.token.value, _build_end(dossier), names=name, first_use=first_use)


def _build_end(dossier: TokenDossier) -> Flag | None:
    status = dossier.status
    if status.since is None:
        return None
    time = parse_time(status.since)
    who = get(status.ending.event.document, "user.id") if status.ending else None
    by = f" by {make_visible(str(who))[:28]}" if who else ""
    return Flag(time, status.state, f"{status.state} {write_clock(time, seconds=True)}{by}", status.state)


def _build_figures(dossier: TokenDossier) -> Iterator[Figure]:
    yield Figure("accepted", f"{dossier.accepted:,}")
    after = dossier.after_end
    if after and after.accepted:
        yield Figure("accepted after", f"{after.accepted:,}", look="is-bad")
    else:
        refused = after.refused if after else dossier.refused
        yield Figure("denied after" if after else "denied", f"{refused:,}", look="is-denied" if refused else "")
    for name, field in (("address", "source.ip"), ("service", "service.name")):
        values = dossier.where[field]
        number = len(values.values)
        yield Figure(_plural(name, number), f"{number:,}{'+' if values.others else ''}")


def _plural(name: str, number: int) -> str:
    return name if number == 1 else f"{name}es" if name.endswith("s") else f"{name}s"


def _compare_url(search: Search) -> str | None:
    """The comparison with this token's events on the left."""
    words = {f"{LEFT}{name}": value for name, value in search.to_query().items()}
    url = f"{reverse('compare')}?{urlencode(words, doseq=True)}"
    return url if fits_address(url) else None


def _find_newcomer(lifeline: Lifeline) -> LaneFigures | None:
    """The second address that came, which is the news; none where some have no lane."""
    lanes = sorted(lifeline.lanes, key=lambda lane: lane.first.time)
    return lanes[1] if len(lanes) > 1 and not lifeline.others else None


def _write_last_denied(dossier: TokenDossier, lifeline: Lifeline) -> str:
    """How long after the end the last try was denied, where every one is listed."""
    if dossier.status.since is None or not lifeline.denied or not lifeline.lists_denied:
        return ""
    last, end = lifeline.denied[-1].time, parse_time(dossier.status.since)
    return write_length(last - end) if last > end else ""


def _count_children(dossier: TokenDossier, lifeline: Lifeline) -> int:
    """Tokens that were issued from it."""
    issued = {moment.named.get("token.id") for moment in lifeline.lifecycle if moment.kind == "issued"}
    return len(issued - set(dossier.token_ids) - {None})


def _list_story(dossier: TokenDossier) -> Iterable[Any]:
    """The events that tell what became of it, each once: issue, first use, last accepted, end, first denied after it."""
    ending = dossier.status.ending.event if dossier.status.ending else None
    after = dossier.after_end.first_refused if dossier.after_end else None
    hits = (dossier.issued, dossier.first, dossier.last_accepted, ending, after)
    return {hit.event_id: hit for hit in hits if hit is not None}.values()


def write_figures_csv(lifeline: Lifeline) -> Iterator[bytes]:
    """The lanes as CSV, safe in a spreadsheet, and what has no lane of its own."""
    head = ("value", "events", "accepted", "denied", *ENDS)
    rows = [
        (
            lane.value,
            str(lane.count),
            str(lane.accepted),
            str(lane.denied),
            lane.first.at,
            lane.last.at,
            *(moment.at if moment else "" for moment in (lane.first_accepted, lane.last_accepted)),
        )
        for lane in sorted(lifeline.lanes, key=lambda lane: lane.first.time)
    ]
    for name, number in (("(other values)", lifeline.others), ("(none)", lifeline.missing)):
        if number:
            rows.append((name, str(number), "", "", "", "", "", ""))
    return build_csv_lines(head, rows)
