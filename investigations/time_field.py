"""Reads a time that a person types, by their own clock where it names no offset."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from trail.times import SECOND, NotATime, format_time, is_event_time, parse_time

_NAMES_OFFSET = re.compile(r"[Tt ].*([Zz]|[+-]\d\d(:?\d\d)?)\Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimeField(forms.CharField):
    """A time as RFC 3339 in UTC with nine decimals, from 1970 to 2259; the empty text where none is typed or required."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"class": "mono", "autocomplete": "off", "spellcheck": "false", "placeholder": "2026-11-24 09:30:00"}
        super().__init__(max_length=60, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> str:
        """The instant. Raises ValidationError."""
        text = str(super().clean(value)).strip()
        return read_typed_time(text) if text else ""


def read_typed_time(text: str) -> str:
    """A date, or a date and a time, as RFC 3339 in UTC; without an offset it is of the active zone. Raises ValidationError."""
    try:
        instant = parse_time(text)
        if not _NAMES_OFFSET.search(text):
            instant -= _read_offset(instant) * SECOND
        time = format_time(instant)
    except (NotATime, ValueError, OverflowError):
        time = ""
    if not is_event_time(time):
        raise forms.ValidationError("Write a time such as 2026-11-24 09:30:00.125, from 1970 to 2259.")
    return time


def _read_offset(wall: int) -> int:
    """Seconds by which the active zone is ahead of UTC when its clocks show this; where they do twice, the first time."""
    shown = (_EPOCH + timedelta(seconds=wall // SECOND)).replace(tzinfo=timezone.get_current_timezone())
    return int((shown.utcoffset() or timedelta()).total_seconds())
