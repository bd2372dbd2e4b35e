"""Builds the navigation of every page: groups of links, which of them is current, and a number where work waits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from accounts.models import User
from accounts.roles import may_investigate
from core.addresses import write_address


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much work waits behind a link, what that is in words, and whether it is urgent."""

    number: int
    words: str
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """A link. `current` are the names of the addresses at which it is the current one; a name that ends in `*` is a beginning.

    `key` is pressed after g. `for_whom` is "" for everybody, "investigators", or "staff".
    """

    label: str
    url_name: str
    icon: str
    key: str
    current: tuple[str, ...]
    for_whom: str = ""

    @property
    def address(self) -> str:
        return write_address(self.url_name)

    def is_current_at(self, url_name: str) -> bool:
        return any(url_name.startswith(name[:-1]) if name.endswith("*") else url_name == name for name in self.current)


ITEMS: Mapping[str, tuple[NavigationItem, ...]] = {
    "Investigate": (
        NavigationItem("Home", "home", "home", "h", ("home",)),
        NavigationItem(
            "Search",
            "search",
            "search",
            "s",
            ("search*", "event_*", "question*", "token_*", "entity_*", "compare", "secret*"),
        ),
        NavigationItem("Cases", "case_list", "case", "c", ("case_*", "evidence_*")),
        NavigationItem("Library", "query_list", "library", "l", ("query_*",)),
        NavigationItem("Runs", "run_list", "run", "r", ("run_*",), "investigators"),
        NavigationItem("Exports", "export_list", "export", "e", ("export_*",), "investigators"),
    ),
    "Detect": (
        NavigationItem("Findings", "detection_list", "findings", "d", ("detection_*", "finding_*"), "investigators"),
        NavigationItem("Indicator lookup", "indicators", "indicators", "o", ("indicators*",)),
    ),
    "Platform": (
        NavigationItem(
            "Platform health", "incident_list", "incidents", "i", ("incident_*", "rejected_*", "mapping_list")
        ),
        NavigationItem("Status", "status", "status", "t", ("status",)),
        NavigationItem("Integrity", "integrity", "seal", "p", ("integrity", "log_consistency")),
        NavigationItem("Sources", "writer_list", "pen", "w", ("writer_*",), "staff"),
        NavigationItem("Source health", "watched_writers", "pen", "u", ("watched_writers",)),
    ),
    "Admin": (NavigationItem("Administration", "admin:index", "settings", "a", ("admin:*",), "staff"),),
}


@dataclass(frozen=True, slots=True)
class NavigationLink:
    """An item as it stands on one page."""

    item: NavigationItem
    is_current: bool
    waiting: Waiting | None


def build_navigation(
    user: User, url_name: str, waiting: Mapping[str, Waiting]
) -> Iterator[tuple[str, list[NavigationLink]]]:
    """The groups that this person sees, each with its links. `waiting` is by the name of a link's address."""
    allowed = {"": True, "investigators": may_investigate(user), "staff": user.is_staff}
    for group, items in ITEMS.items():
        links = [
            NavigationLink(item, item.is_current_at(url_name), waiting.get(item.url_name))
            for item in items
            if allowed[item.for_whom]
        ]
        if links:
            yield group, links
