"""Makes a month of the trail unavailable in the ways the engine allows, and available again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trail.connection import Trail
from trail.mapping import ensure_index
from trail.writing.writer import write

Fault = Callable[["Month"], None]


@dataclass(frozen=True, slots=True)
class Month:
    """An index of events with the events that belong into it."""

    trail: Trail
    index: str
    events: tuple[dict[str, Any], ...]

    def refill(self, events: tuple[dict[str, Any], ...]) -> None:
        """Make the index anew, with these events alone."""
        self.trail.client.indices.delete(index=self.index)
        ensure_index(self.trail, self.index)
        if events:
            write(self.trail, events)
        self.trail.client.indices.refresh(index=self.index)

    def put_settings(self, **settings: Any) -> None:
        self.trail.client.indices.put_settings(index=self.index, body={f"index.{k}": v for k, v in settings.items()})

    def put_alias(self, name: str, **body: Any) -> None:
        self.trail.client.indices.put_alias(index=self.index, name=name, body=body)

    def heal(self) -> None:
        """As it was before any fault."""
        indices = self.trail.client.indices
        indices.delete_alias(
            index=f"*{self.trail.prefix}-*", name=f"{self.trail.prefix}-events-*", params={"ignore": 404}
        )
        if indices.exists(index=self.index):
            indices.open(index=self.index)
            indices.delete(index=self.index)
        ensure_index(self.trail, self.index)
        write(self.trail, self.events)
        indices.refresh(index=self.index)


def close(month: Month) -> None:
    month.trail.client.indices.close(index=month.index)


def delete(month: Month) -> None:
    month.trail.client.indices.delete(index=month.index)


def make_anew_empty(month: Month) -> None:
    month.refill(())


def put_back(month: Month) -> None:
    """As a restore of an older snapshot leaves it: some of the events are gone."""
    month.refill(month.events[:-1])


def hide(month: Month) -> None:
    month.put_settings(hidden=True)


def hide_behind_filter(month: Month) -> None:
    """Hidden, and an alias that any pattern of the trail's finds shows one event of it."""
    month.put_alias(f"{month.trail.prefix}-events-shown", filter={"ids": {"values": [month.events[0]["event"]["id"]]}})
    hide(month)


def replace_by_filter(month: Month) -> None:
    """Another index holds all of it, and is shown in part under its name."""
    other = f"copy-of-{month.index}"
    month.put_settings(**{"blocks.write": True})
    month.trail.client.indices.clone(index=month.index, target=other, body={"settings": {"index.blocks.write": None}})
    month.trail.client.indices.delete(index=month.index)
    shown = {"filter": {"ids": {"values": [month.events[0]["event"]["id"]]}}}
    month.trail.client.indices.put_alias(index=other, name=month.index, body=shown)


def take_alias_away(month: Month) -> None:
    month.trail.client.indices.delete_alias(index=month.index, name=month.trail.events)


def filter_alias(month: Month) -> None:
    month.put_alias(month.trail.events, filter={"match_none": {}})


def route_alias(month: Month) -> None:
    month.put_alias(month.trail.events, search_routing="elsewhere")


def filter_second_alias(month: Month) -> None:
    month.put_alias(f"{month.trail.prefix}-events-part", filter={"match_none": {}})


def unassign(month: Month) -> None:
    """No node holds it. The engine's health is red while it is so."""
    delete(month)
    settings = {"settings": {"index.routing.allocation.require._name": "nowhere"}}
    month.trail.client.transport.perform_request("PUT", f"/{month.index}?wait_for_active_shards=0", body=settings)


# Whether events are missing then, from whatever asks the indices themselves.
LOSSES: tuple[Fault, ...] = (close, delete, make_anew_empty, put_back, hide_behind_filter, replace_by_filter)
HARMLESS: tuple[Fault, ...] = (hide, take_alias_away, filter_alias, route_alias, filter_second_alias)
