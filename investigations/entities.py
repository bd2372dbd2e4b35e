"""The pages of identifiers: which there are, where they lie, and what leads to them. Nothing here asks the trail."""

from urllib.parse import urlencode

from django.urls import reverse

from investigations import timespans
from trail.events import get
from trail.questions.entity import KIND_OF
from trail.schema import BY_NAME, Kind
from trail.search.execute import Hit
from trail.search.spec import Filter, Search

# The kinds of identifiers that have a page, by the word that stands in its address.
WORDS = {
    "users": "user", "addresses": "address", "services": "service", "clients": "client", "user-agents": "user_agent",
    "organisations": "organisation", "resources": "resource", "traces": "trace",
}  # fmt: skip
TITLES = {
    "user": "User", "address": "Address", "service": "Service", "client": "Client", "user_agent": "Client, as it named itself",
    "organisation": "Organisation", "resource": "Resource", "trace": "Trace",
}  # fmt: skip
# What a table of values is headed by, in words.
HEADS = {
    "user.id": "Users", "source.ip": "Addresses", "service.name": "Services", "user_agent.name": "Clients",
    "user_agent.original": "Clients, as they named themselves", "user_agent.version": "Versions",
    "organization.id": "Organisations", "resource.id": "Resources", "resource.type": "Kinds of resources",
    "token.id": "Tokens", "source.geo.country_iso_code": "Countries",
}  # fmt: skip
TOKENS = ("token.id", "token.fingerprint", "token.parent_fingerprint")
LISTED = (Kind.KEYWORD, Kind.IP, Kind.WILDCARD)
LONGEST = 6_000  # characters of an address, which a server or a proxy still takes
AROUND = (5, "m")


def page_of(field: str, value: str) -> str | None:
    """The address of an identifier's own page; None if it has none, or is too long to stand in an address."""
    if field == "event.id":
        found = reverse("event_detail", args=[value])
    elif field in TOKENS:
        found = reverse("token_detail", args=[value])
    elif field in KIND_OF:
        found = reverse("entity_detail", args=[KIND_OF[field], value])
    else:
        return None
    return found if len(found) < LONGEST else None


def is_listed(field: str) -> bool:
    """Whether the values of a field can be listed one by one."""
    return field in BY_NAME and BY_NAME[field].kind in LISTED


def search_url(search: Search) -> str | None:
    """A search's address, unless it would be too long for a browser or a proxy."""
    found = f"{reverse('search')}?{urlencode(search.to_query(), doseq=True)}"
    return found if len(found) < LONGEST else None


def around_event(event: Hit) -> list[tuple[str, str]]:
    """What happened within five minutes of an event: to the same user, from the same address, at all."""
    start, end = timespans.around(event.timestamp, *AROUND).words()
    found = []
    for words, field in (("the same user", "user.id"), ("the same address", "source.ip"), ("everything", "")):
        value = get(event.document, field) if field else ""
        if value is None:
            continue
        chips = (Filter(field, (str(value),)),) if field else ()
        if url := search_url(Search(filters=chips, start=start, end=end)):
            found.append((words, url))
    return found
