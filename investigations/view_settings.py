"""Keeps in a person's session how they look at the console: the time zone in which times are written, and how dense rows are."""

from collections.abc import Callable
from datetime import UTC, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import urlencode

PARAMETER = "tz"
DENSITIES = ("dense", "comfortable")
# Names of the time zone database that the search engine does not know, which counts by day in a zone.
UNKNOWN_TO_THE_ENGINE = frozenset({"EST", "Factory", "HST", "MST", "ROC", "localtime"})
_ZONE, _DENSITY = "time_zone", "density"


class TimeZoneMiddleware:
    """Writes the times of a page in the zone that its address names, else in the person's own, else in UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with timezone.override(_choose_zone(request)):
            return self.get_response(request)


def find_zone(name: str) -> tzinfo | None:
    """The zone of this name in the time zone database; None where there is none."""
    if name == "UTC":
        return UTC
    return ZoneInfo(name) if name in _list_names() else None


def name_in_address(address: str) -> str:
    """The address of a page with the zone in which times are written, so that whom it is passed on to reads the same times; as
    it is where that is UTC."""
    zone = timezone.get_current_timezone_name()
    if zone == "UTC":
        return address
    return f"{address}{'&' if '?' in address else '?'}{urlencode({PARAMETER: zone})}"


def set_zone(request: HttpRequest, name: str) -> bool:
    """Keep the zone for the session; False where there is none of this name."""
    if find_zone(name) is None:
        return False
    request.session[_ZONE] = name
    return True


def set_density(request: HttpRequest, density: str) -> None:
    """Keep for the session how dense rows are; what is no density changes nothing."""
    if density in DENSITIES:
        request.session[_DENSITY] = density


def read_density(request: HttpRequest) -> str:
    """How dense rows are."""
    density = request.session.get(_DENSITY) if _has_session(request) else None
    return density if density in DENSITIES else DENSITIES[0]


@cache
def _list_names() -> frozenset[str]:
    return frozenset(available_timezones()) - UNKNOWN_TO_THE_ENGINE


def _choose_zone(request: HttpRequest) -> tzinfo:
    named = request.GET.get(PARAMETER, "")
    kept_name = request.session.get(_ZONE, "") if _has_session(request) else ""
    return find_zone(named) or find_zone(str(kept_name)) or UTC


def _has_session(request: HttpRequest) -> bool:
    # A request without a session, such as a program's, is not to ask for one.
    return hasattr(request, "session") and settings.SESSION_COOKIE_NAME in request.COOKIES
