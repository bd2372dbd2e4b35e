"""Gives each case the number by which people call it: C-2026-0042, counted anew each year."""

import re

from investigations.models import CaseSerial

_NUMBER = re.compile(r"c-([0-9]{4})-([0-9]{1,8})", re.IGNORECASE)


class CaseNumber:
    """How a case's number stands in an address; small letters and missing zeros do not matter."""

    regex = "[cC]-[0-9]{4}-[0-9]{1,8}"

    def to_python(self, text: str) -> str:
        """The number as it is written."""
        return read_number(text)

    def to_url(self, number: str) -> str:
        """The number."""
        return number


def allot_number(year: int) -> str:
    """The next number of a year. Called inside the transaction that opens the case, so that none is given twice or left out."""
    serial, _ = CaseSerial.objects.select_for_update().get_or_create(year=year)
    serial.last += 1
    serial.save(update_fields=["last"])
    return format_number(year, serial.last)


def format_number(year: int, serial: int) -> str:
    """A number as it is written: four digits or more."""
    return f"C-{year}-{serial:04}"


def read_number(text: str) -> str:
    """The number that somebody typed, as it is written; the empty text for what is none."""
    match = _NUMBER.fullmatch(text.strip())
    return format_number(int(match[1]), int(match[2])) if match else ""
