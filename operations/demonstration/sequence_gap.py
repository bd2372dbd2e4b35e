"""Says which numbers of a writer the demonstration leaves out, as if a spool had been lost."""

from dataclasses import dataclass

from trail.reserved_names import demonstration_writer

MISSING = 17


@dataclass(frozen=True, slots=True)
class SequenceGapAnswer:
    """The numbers from `gap_first` to `gap_last` of `gap_writer` are in no event."""

    gap_writer: str
    gap_first: int
    gap_last: int


def describe_gap(events: int) -> SequenceGapAnswer:
    """The one gap in a demonstration of this many events; each service numbers about a twelfth of them."""
    first = events // 50
    return SequenceGapAnswer(demonstration_writer("metrics"), first, first + MISSING - 1)
