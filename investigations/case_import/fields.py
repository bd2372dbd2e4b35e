"""Reads the members of a signed JSON object by their names, each of the type and the length that the database keeps."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from investigations.case_import.errors import BadCaseBundle
from trail.errors import TrailError
from trail.times import parse_datetime

MOST_NUMBER = 2**31 - 1
MOST_VERSIONS = 1_000
MOST_NUMBERED = 10_000_000  # of what counts within a case, so that there is always a next one

NameOf = Callable[[str], str]  # how a person of the other console is called here


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of a bundle, and where it stands there. Every reader raises BadCaseBundle, which names the member."""

    row: dict[str, Any]
    place: str

    @classmethod
    def of(cls, value: Any, place: str) -> "Fields":
        """An object."""
        if not isinstance(value, dict):
            raise BadCaseBundle(f"{place} of the bundle is not an object.")
        return cls(value, place)

    def refuse(self, name: str, expected: str) -> BadCaseBundle:
        """What to raise of a member."""
        return BadCaseBundle(f"“{name}” in {self.place} of the bundle is not {expected}.")

    def text(self, name: str, most: int, *, least: int = 0, choices: Collection[str] = ()) -> str:
        """A text of at most so many characters, without NUL and halves of characters."""
        value = self.row.get(name)
        if not isinstance(value, str) or not least <= len(value) <= most or "\0" in value:
            raise self.refuse(name, f"a text of {least} to {most:,} characters without NUL")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise self.refuse(name, "text in Unicode") from None
        if choices and value not in choices:
            raise self.refuse(name, f"one of {', '.join(repr(choice) for choice in choices)}")
        return value

    def number(self, name: str, most: int = MOST_NUMBER) -> int:
        """A whole number from 0."""
        value = self.row.get(name)
        if type(value) is not int or not 0 <= value <= most:
            raise self.refuse(name, f"a number from 0 to {most:,}")
        return value

    def flag(self, name: str) -> bool:
        """A truth value."""
        value = self.row.get(name)
        if not isinstance(value, bool):
            raise self.refuse(name, "true or false")
        return value

    def time(self, name: str) -> datetime:
        """A time, with its zone."""
        try:
            return parse_datetime(self.text(name, 40))
        except (TrailError, ValueError, OverflowError):
            raise self.refuse(name, "a time") from None

    def time_or_none(self, name: str) -> datetime | None:
        """The same, or nothing."""
        return None if self.row.get(name) is None else self.time(name)

    def day_or_none(self, name: str) -> date | None:
        """A day, or nothing."""
        if self.row.get(name) is None:
            return None
        try:
            return date.fromisoformat(self.text(name, 10))
        except ValueError:
            raise self.refuse(name, "a day") from None

    def values(self, name: str, most: int) -> list[Any]:
        """A list of at most so many."""
        value = self.row.get(name)
        if not isinstance(value, list) or len(value) > most:
            raise self.refuse(name, f"a list of at most {most:,}")
        return value

    def texts(self, name: str, most: int, longest: int) -> list[str]:
        """A list of different texts, none of them empty."""
        values = self.values(name, most)
        read = [Fields({name: value}, self.place).text(name, longest, least=1) for value in values]
        if len(set(read)) < len(read):
            raise self.refuse(name, "a list of different texts")
        return read

    def numbers(self, name: str, most: int) -> list[int]:
        """A list of different numbers."""
        read = [Fields({name: value}, self.place).number(name) for value in self.values(name, most)]
        if len(set(read)) < len(read):
            raise self.refuse(name, "a list of different numbers")
        return read

    def rows(self, name: str, most: int) -> list["Fields"]:
        """A list of objects."""
        values = self.values(name, most)
        return [Fields.of(value, f"{name}[{place}] of {self.place}") for place, value in enumerate(values)]

    def object_or_none(self, name: str) -> "Fields | None":
        """An object, or nothing."""
        return None if self.row.get(name) is None else Fields.of(self.row[name], f"{name} of {self.place}")
