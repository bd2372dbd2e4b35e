"""Times as events hold them (RFC 3339 in UTC, to the nanosecond), compared and subtracted exactly."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def nanoseconds(time: str) -> int:
    """A time in nanoseconds since 1970; a date is its midnight."""
    whole, _, rest = time.removesuffix("Z").partition(".")
    seconds = datetime.fromisoformat(whole).replace(tzinfo=UTC) - _EPOCH
    return (seconds.days * 86_400 + seconds.seconds) * 1_000_000_000 + int(f"{rest:0<9}"[:9])


def text_of(moment: datetime) -> str:
    """A moment as events and searches hold it, to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def time_of(nanoseconds: int) -> str:
    """The inverse of `nanoseconds`."""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def just_after(time: str) -> str:
    """The next nanosecond: no event lies between."""
    return time_of(nanoseconds(time) + 1)


def gap(earlier: str, later: str) -> int:
    """Nanoseconds from one to the other, negative when the second came first."""
    return nanoseconds(later) - nanoseconds(earlier)
