"""A search in words, for a sentence that stands beside its answer for ever."""

from trail.search.spec import Filter, Search


def words(search: Search) -> str:
    """What is asked, without the time: `user.id:$who (who: ann, bob); not source.ip: 192.0.2.7`."""
    parts = [search.text.strip()] if search.text.strip() else []
    if parts and search.parameters:
        given = "; ".join(f"{name}: {', '.join(values)}" for name, values in search.parameters)
        parts[0] += f" ({given})"
    parts += [_chip(chip) for chip in search.filters]
    return "; ".join(parts) or "any event"


def _chip(chip: Filter) -> str:
    text = f"{chip.field} is there" if chip.operator == "exists" else f"{chip.field}: {' or '.join(chip.values)}"
    return f"not {text}" if chip.negated else text


def span(start: str | None, end: str | None) -> str:
    """A range of time in words."""
    if start and end:
        return f"from {start} to {end}"
    if start:
        return f"since {start}"
    return f"before {end}" if end else "at any time"
