"""The searches that the questions have in common."""

from trail.schema import Operation
from trail.search.spec import Filter, Search


def doing(operation: Operation) -> Filter:
    """The chip for one token operation."""
    return Filter("token.operation", (str(operation),))


def revoking(named: Search) -> Search:
    """The revocations among some events that took effect."""
    return named.with_filter(doing(Operation.REVOKE)).with_filter(Filter("event.outcome", ("success",)))
