"""Gives every page its navigation, the case that is worked in, how it is looked at, and how far the trail is sealed."""

from collections.abc import Iterable
from contextlib import suppress
from html import escape

from django import template
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.decorators import person
from investigations.detections import services as detections
from investigations.models import Case
from investigations.notices.services import count_new_notices, name_count
from investigations.page_counts import PageCounts
from investigations.presentation.navigation import NavigationLink, Waiting, build_navigation
from investigations.view_settings import read_density
from investigations.working_case import read_working_case
from operations.demonstration.services import is_loaded
from operations.incidents.services import count_unresolved
from operations.models import Checkpoint
from trail.errors import TrailError

register = template.Library()
DEMONSTRATION = "demonstration"
_COUNTS = "_page_counts"  # on the request


@register.simple_tag(takes_context=True)
def navigation(context: template.Context) -> list[tuple[str, list[NavigationLink]]]:
    """The groups of links that this person sees; nothing for who is not signed in."""
    request = context["request"]
    if not request.user.is_authenticated:
        return []
    match = request.resolver_match
    url_name = ":".join((*match.namespaces, match.url_name or "")) if match else ""
    return list(build_navigation(request.user, url_name, _count_waiting(_read_counts(request))))


@register.filter
def spine_links(links: Iterable[NavigationLink]) -> SafeString:
    """The links of a group, as items of a list."""
    return SafeString("".join(map(_write_link, links)))


@register.filter
def navigation_keys(groups: Iterable[tuple[str, list[NavigationLink]]]) -> SafeString:
    """The key of each page, with its name."""
    items = (link.item for _, links in groups for link in links)
    return SafeString(
        " ".join(f'<span class="nowrap"><kbd>{item.key}</kbd> {escape(item.label)}</span>' for item in items)
    )


def _write_link(link: NavigationLink) -> str:
    item, label = link.item, escape(link.item.label)
    current = ' aria-current="page"' if link.is_current else ""
    return (
        f'<li><a class="spine__item" href="{escape(item.address)}" data-key="{item.key}" title="{label}"{current}>'
        f'<svg class="icon" aria-hidden="true"><use href="#i-{item.icon}"/></svg><span>{label}</span>'
        f"{_write_waiting(link.waiting) if link.waiting else ''}</a></li>"
    )


def _write_waiting(waiting: Waiting) -> str:
    urgent = " spine__number--urgent" if waiting.is_urgent else ""
    return f'<span class="spine__number{urgent}">{waiting.number}<span class="hidden"> {escape(waiting.words)}</span></span>'


def _read_counts(request: HttpRequest) -> PageCounts:
    """What the parts of this page's frame show, read once."""
    if not hasattr(request, _COUNTS):
        names = (detections.COUNT_NAME, DEMONSTRATION, name_count(person(request)))
        setattr(request, _COUNTS, PageCounts(*names))
    counts: PageCounts = getattr(request, _COUNTS)
    return counts


def _count_waiting(counts: PageCounts) -> dict[str, Waiting]:
    """By the name of a link's address, where there is anything."""
    waiting: dict[str, Waiting] = {}
    if findings := detections.count_new_findings(counts):
        waiting["detection_list"] = Waiting(findings, "new findings", is_urgent=True)
    incidents = count_unresolved()
    if incidents.number:
        words = f"unresolved, {incidents.failing} still failing" if incidents.failing else "unresolved"
        waiting["incident_list"] = Waiting(incidents.number, words, is_urgent=bool(incidents.failing))
    return waiting


@register.simple_tag(takes_context=True)
def working_case(context: template.Context) -> Case | None:
    """The case that this person works in; None on pages that have no request, such as those of errors."""
    request = context.get("request")
    return read_working_case(request) if request is not None else None


@register.inclusion_tag("components/_working_in.html", takes_context=True)
def working_strip(context: template.Context) -> dict[str, object]:
    """The case that is worked in and what is pinned to it; nothing on the case's own pages, which say it themselves."""
    case = working_case(context)
    if case is None:
        return {}
    request = context["request"]
    match = request.resolver_match
    if match and match.kwargs.get("public_id") == case.public_id and (match.url_name or "").startswith("case_"):
        return {}
    evidence = case.evidence.not_withdrawn().count()
    return {"case": case, "evidence": evidence, "csrf_token": context.get("csrf_token")}


@register.simple_tag(takes_context=True)
def new_notices(context: template.Context) -> int:
    """How many notices of this person are new."""
    request = context["request"]
    return count_new_notices(person(request), _read_counts(request))


@register.simple_tag(takes_context=True)
def demonstration(context: template.Context) -> bool:
    """Whether to say that this trail holds invented events. Silent when the trail or Redis is down: the page says that itself."""
    request = context["request"]
    if not request.user.is_authenticated or not (counts := _read_counts(request)).answered:
        return False
    return bool(counts.read(DEMONSTRATION, _count_demonstration, seconds=60))


def _count_demonstration() -> int:
    with suppress(TrailError):
        return int(is_loaded())
    return 0


@register.simple_tag
def time_zone() -> str:
    """The name of the zone in which the times of this page are written."""
    return timezone.get_current_timezone_name()


@register.simple_tag(takes_context=True)
def density(context: template.Context) -> str:
    """How dense the rows of this page are: `dense` or `comfortable`."""
    request = context.get("request")
    return read_density(request) if request is not None else "dense"


@register.simple_tag
def sealed() -> Checkpoint | None:
    """The newest checkpoint that is on record; none before the first is signed."""
    return Checkpoint.objects.only("size", "at").first()
