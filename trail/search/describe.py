"""Describes a search in words, for a sentence that stays beside its answer."""

from trail.pairs import ANY, FIRST_SEEN_FIELD, PAIR_BY_NAME
from trail.schema import LINEAGE
from trail.search.spec import Filter, Search


def describe_search(search: Search) -> str:
    """What is asked, without the time: `user.id:$who (who: ann, bob); not source.ip: 192.0.2.7`."""
    parts = [search.text.strip()] if search.text.strip() else []
    if parts and search.parameters:
        parameters = "; ".join(f"{name}: {', '.join(values)}" for name, values in search.parameters)
        parts[0] += f" ({parameters})"
    parts += [("not " if chip.negated else "") + describe_filter(chip) for chip in search.filters if not chip.disabled]
    return "; ".join(parts) or "any event"


def describe_filter(chip: Filter) -> str:
    """A filter in words, without whether it is the opposite."""
    if chip.field == FIRST_SEEN_FIELD:
        kinds = (PAIR_BY_NAME[value].label if value in PAIR_BY_NAME else value for value in chip.values or (ANY,))
        return f"first time ever: {' or '.join(kinds)}"
    if chip.field == LINEAGE.name:
        return f"{' or '.join(chip.values)} and everything derived from it"
    match chip.operator:
        case "exists":
            return f"{chip.field}: is there"
        case "between":
            return f"{chip.field}: {chip.values[0] or 'any'} to {chip.values[1] or 'any'}"
        case "network":
            return f"{chip.field}: in {' or '.join(chip.values)}"
    return f"{chip.field}: {' or '.join(chip.values)}"


def describe_range(start: str | None, end: str | None) -> str:
    """A range of time in words."""
    if start and end:
        return f"from {start} to {end}"
    if start:
        return f"since {start}"
    return f"before {end}" if end else "at any time"
