"""What the questions have in common: what a token is called, and the searches they are made of."""

from trail.lineage import TokenRef
from trail.schema import Operation
from trail.search.spec import Filter, Search


def token_ref(text: str) -> TokenRef:
    """A fingerprint is 64 hexadecimal digits; anything else is a token's public id."""
    is_fingerprint = len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)
    return TokenRef("token.fingerprint" if is_fingerprint else "token.id", text)


def doing(operation: Operation) -> Filter:
    """The chip for one token operation."""
    return Filter("token.operation", (str(operation),))


def revoking(named: Search) -> Search:
    """The revocations among some events that took effect."""
    return named.with_filter(doing(Operation.REVOKE)).with_filter(Filter("event.outcome", ("success",)))
