"""Firsts: events that bring two things together that no earlier event of the whole trail did. Which two, trail.pairing says.

index.py      the index of firsts, derived from the trail      reading.py   marks of events, how far they go
keeping.py    keeps it as events arrive, in whatever order
"""

from trail.novelty.keeping import rebuild, step
from trail.novelty.reading import covered, expect, marks
from trail.search.novelty import Covered

__all__ = ["Covered", "covered", "expect", "marks", "rebuild", "step"]
