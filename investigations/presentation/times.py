"""Writes times as pages show them: in a sentence, in a table, in a row of events, to the nanosecond, and how long ago they were.

Whatever form is shown, `title` and `datetime` hold the whole time in UTC, so nothing is lost by a short form. The zone is the one
that is active for the request (`django.utils.timezone.activate`), and UTC where none is.
"""

from datetime import datetime, tzinfo

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from trail.times import SECOND, format_datetime, is_event_time, parse_datetime, parse_time

MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOUR, _DAY = 3_600, 86_400
_STEPS = ((365 * _DAY, "y"), (_DAY, "d"), (_HOUR, "h"), (60, "min"), (1, "s"))
FORMS = ("sentence", "table", "day", "row", "event", "recent", "whole")


def to_utc_text(time: str | datetime) -> str:
    """A time as RFC 3339 in UTC, a datetime to the microsecond; a text that is no time stays as it is."""
    return format_datetime(time) if isinstance(time, datetime) else time


def format_sentence(time: str) -> str:
    """For prose and lists of facts: `4 Oct 2026, 02:25:25`."""
    day, year, clock = _in_zone(time)
    return f"{day} {year}, {clock}"


def format_table(time: str) -> str:
    """For a column or a label of a picture: `4 Oct, 02:25:25`, with the year where it is not this one."""
    return f"{format_day(time)}, {_in_zone(time)[2]}"


def format_day(time: str) -> str:
    """For the heading of a day: `4 Oct`, with the year where it is not this one."""
    day, year, _ = _in_zone(time)
    return day if year == datetime.now(timezone.get_current_timezone()).year else f"{day} {year}"


def split_clock(time: str) -> tuple[str, str]:
    """For a row whose day is said above it: `13:43:18` and `.196`, which is set in grey."""
    fraction = time[20:].removesuffix("Z") if time[19:20] == "." else ""
    return _in_zone(time)[2], f".{fraction[:3]:0<3}"


class DayClock:
    """Writes many times of one page: the zone and the year are asked for once."""

    def __init__(self) -> None:
        self._zone, self._year = timezone.get_current_timezone(), timezone.localtime().year

    def split(self, time: str) -> tuple[str, str]:
        """A time's day, with the year where it is not this one, and its time of day: `4 Oct` and `02:25:25`."""
        day, year, clock = _in_zone(time, self._zone)
        return (day if year == self._year else f"{day} {year}"), clock


def format_ago(time: str) -> str:
    """How long ago a time was, by its largest unit: `14 d ago`; `in 3 h` for one that is to come."""
    seconds = int(timezone.now().timestamp()) - parse_time(time) // SECOND
    for step, unit in _STEPS:
        if abs(seconds) >= step:
            length = f"{abs(seconds) // step:,} {unit}"
            return f"{length} ago" if seconds > 0 else f"in {length}"
    return "now"


def format_recent(time: str) -> str:
    """For what matters while it is new: `3 min ago` within an hour, and as in a table after it."""
    age = timezone.now().timestamp() - parse_time(time) // SECOND
    return format_ago(time) if 0 <= age < _HOUR else format_table(time)


def build_time(value: str | datetime, form: str = "sentence") -> SafeString:
    """A `<time>` in one of FORMS. What is no time in UTC, which only a damaged event has, is shown as it is."""
    time = to_utc_text(value)
    if not is_event_time(time):
        return format_html("<time>{}</time>", time)
    shown: str
    match form:
        case "row":
            shown = format_html('{}<span class="ms">{}</span>', *split_clock(time))
        case "event":
            shown = format_html('{}, {}<span class="ms">{}</span>', format_day(time), *split_clock(time))
        case "whole":
            shown = time
        case _:
            shown = _PLAIN_FORMS[form](time)
    # Nothing to escape: a time that is one has figures and letters alone, and `shown` is made of its parts.
    return SafeString(f'<time datetime="{time}" title="{time} · {format_ago(time)}">{shown}</time>')


_PLAIN_FORMS = {
    "sentence": format_sentence,
    "table": format_table,
    "day": format_day,
    "recent": format_recent,
}


def _in_zone(time: str, zone: tzinfo | None = None) -> tuple[str, int, str]:
    """A time's day without the year, its year, and its time of day, in the active zone."""
    zone = zone or timezone.get_current_timezone()
    if str(zone) == "UTC":
        return f"{int(time[8:10])} {MONTHS[int(time[5:7])]}", int(time[:4]), time[11:19]
    local = parse_datetime(time).astimezone(zone)
    return f"{local.day} {MONTHS[local.month]}", local.year, f"{local:%H:%M:%S}"
