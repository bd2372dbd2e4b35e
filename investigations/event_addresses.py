"""Says how an event's id stands in an address, and writes the address of an event's page."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cache

from django.urls import reverse


class EventId:
    """An event's id is its writer's: it may hold slashes, `..` or line breaks, which browsers and proxies rewrite in an
    address. What is not plain stands there as base64url (RFC 4648) behind a `~`."""

    regex = "[^/]+"
    plain = re.compile(r"[A-Za-z0-9_:@=+-][A-Za-z0-9_:@=+.-]*")

    def to_python(self, part: str) -> str:
        """The id. Raises ValueError, which Django takes for an address that is not there."""
        if not part.startswith("~"):
            return part
        if part == "~":
            raise ValueError("no event has an empty id")
        return urlsafe_b64decode(part[1:].encode()).decode()

    def to_url(self, event_id: str) -> str:
        """The id as it stands in an address."""
        return event_id if self.plain.fullmatch(event_id) else f"~{urlsafe_b64encode(event_id.encode()).decode()}"


@cache
def _address_around() -> tuple[str, str]:
    before, _, behind = reverse("event_detail", args=["-"]).partition("-")
    return before, behind


def event_address(event_id: str) -> str:
    """The address of an event's page: as `reverse` writes it, which a table of events would ask fifty times."""
    before, behind = _address_around()
    return f"{before}{EventId().to_url(event_id)}{behind}"
