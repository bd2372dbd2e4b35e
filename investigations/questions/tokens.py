"""Reads the token that an address names."""

from investigations.search_url import refuse_secrets
from trail.errors import BadQuery
from trail.search.lineage import TokenRef, parse_token_ref


def parse_token(ref: str) -> TokenRef:
    """What an address calls a token. Raises BadQuery for what authenticates, which must stand on no record."""
    refuse_secrets({"token": [ref]})
    if "\0" in ref:
        raise BadQuery("A token's id holds no NUL character.", 0)
    return parse_token_ref(ref)
