"""Writes numbers with what they are of."""


def count_events(number: int) -> str:
    """`1 event`, `1,234 events`."""
    return f"{number:,} event{'' if number == 1 else 's'}"
