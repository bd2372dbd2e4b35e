"""Many at once: a list of indicators, and of each whether it was ever seen, in which field, when and how often."""

from trail.indicators.answering import Answer, Seen, Sightings, look_up
from trail.indicators.parsing import MOST, Indicator, Kind, Listed, Problem, Secrets, TooMany, parse

__all__ = [
    "MOST", "Answer", "Indicator", "Kind", "Listed", "Problem", "Secrets", "Seen", "Sightings", "TooMany", "look_up", "parse",
]  # fmt: skip
