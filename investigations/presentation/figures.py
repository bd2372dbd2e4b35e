"""Holds a figure as it stands beside an answer: a number and what it is of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the at most four figures beside an answer, where on the page it is explained, and its look where it is bad news."""

    name: str
    text: str
    url: str = ""
    look: str = ""
