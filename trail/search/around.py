"""A stretch of time around a moment, exact to the nanosecond."""

import re
from datetime import UTC, datetime, timedelta

_MOMENT = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$")
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2261, 12, 31, 23, 59, 59, tzinfo=UTC)


def around(timestamp: str, span: timedelta) -> tuple[str, str]:
    """The start and the end of what lies at most so far from an event's time; the end itself is not in it.

    `span` is whole seconds. What would lie outside of what the trail can hold is cut off. Raises ValueError for what is no
    event's time.
    """
    match = _MOMENT.match(timestamp)
    if match is None:
        raise ValueError(f"{timestamp!r} is no time of an event")
    moment = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    rest = f".{match[2]:0<9}" if match[2] else ".000000000"
    start, end = (min(max(moment + step, _EARLIEST), _LATEST) for step in (-span, span))
    return f"{start:%Y-%m-%dT%H:%M:%S}{rest}Z", f"{end:%Y-%m-%dT%H:%M:%S}{rest}Z"
