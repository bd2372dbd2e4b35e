"""Says which kinds of identifiers have a page, where it lies, and what their fields are called."""

from core.addresses import write_address
from investigations.presentation import timespans
from investigations.search_url import fits_address, search_address
from trail.documents import get
from trail.questions.entity import KIND_OF
from trail.schema import BY_NAME, Kind
from trail.search.execute import Hit
from trail.search.spec import Filter, Search

# The kinds of identifiers that have a page, by the word that stands in its address.
WORDS = {
    "users": "user",
    "addresses": "address",
    "origins": "origin",
    "services": "service",
    "clients": "client",
    "user-agents": "user_agent",
    "organisations": "organisation",
    "resources": "resource",
    "traces": "trace",
}
TITLES = {
    "user": "User",
    "address": "Address",
    "origin": "Origin by name",
    "service": "Service",
    "client": "Client",
    "user_agent": "User agent (self-reported)",
    "organisation": "Organisation",
    "resource": "Resource",
    "trace": "Trace",
}
# What a table of values is headed by, in words.
HEADS = {
    "user.id": "Users",
    "source.ip": "Addresses",
    "source.address": "Origins by name",
    "service.name": "Services",
    "user_agent.name": "Clients",
    "user_agent.original": "User agents (self-reported)",
    "user_agent.version": "Versions",
    "organization.id": "Organisations",
    "resource.id": "Resources",
    "resource.type": "Kinds of resources",
    "token.id": "Tokens",
    "source.geo.country_iso_code": "Countries",
}
TOKENS = ("token.id", "token.fingerprint", "token.parent_fingerprint")
LISTED = (Kind.KEYWORD, Kind.IP, Kind.WILDCARD)
AROUND = (5, "m")


def page_address(field: str, value: str) -> str | None:
    """The address of an identifier's own page; None if it has none, or is too long to stand in an address."""
    if field == "event.id":
        address = write_address("event_detail", value)
    elif field in TOKENS:
        address = write_address("token_detail", value)
    elif field in KIND_OF:
        address = write_address("entity_detail", KIND_OF[field], value)
    else:
        return None
    return address if fits_address(address) else None


def may_list_values(field: str) -> bool:
    """Whether the values of a field can be listed one by one."""
    return field in BY_NAME and BY_NAME[field].kind in LISTED


def links_around(event: Hit) -> list[tuple[str, str]]:
    """Words and searches for five minutes before and after an event: of the same user, from the same address, at all."""
    start, end = timespans.range_around(event.timestamp, *AROUND).words()
    links = []
    for words, field in (("the same user", "user.id"), ("the same address", "source.ip"), ("everything", "")):
        value = get(event.document, field) if field else ""
        if value is None:
            continue
        values = tuple(map(str, value)) if isinstance(value, list) else (str(value),)
        chips = (Filter(field, values),) if field else ()
        if url := search_address(Search(filters=chips, start=start, end=end)):
            links.append((words, url))
    return links
