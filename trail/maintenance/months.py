"""Finishes the months that are over: no more writes, one segment, and an index beside it for late events.

The order of the steps is what keeps an event from being there twice: the write block is asked for by the engine's own call
for it, which returns when no write is under way on any shard; only then is the index beside it made; and the writer puts an
event there only when that index is there and the month does not hold the event. Whether a step is done is read from
the engine, so a run that was stopped is simply run again.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trail.connection import Trail, translate_errors
from trail.errors import TrailUnavailable
from trail.mapping import ensure_index, late_index, month_of
from trail.search.bodies import maintenance
from trail.search.execute import ask

NAMED_AT_ONCE = 100  # more names make an address that the engine refuses
QUIET = timedelta(days=1)  # without an event of that month, so that a long import is not cut in two


@dataclass(frozen=True, slots=True)
class Month:
    """How far one month is kept. `segments` is the most of any of its shards; `due` is when it may be finished at the
    earliest; `late` says that there is an index beside it."""

    index: str
    due: datetime
    blocked: bool
    late: bool
    segments: int

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self.blocked and self.late and self.segments <= 1


def list_months(trail: Trail, after: timedelta) -> Iterator[Month]:
    """Every month of the trail in order. `after` is how long after its end a month is due. Raises TrailUnavailable."""
    with translate_errors("The months of the trail cannot be listed"):
        settings = trail.client.indices.get_settings(
            index=f"{trail.prefix}-events-*", params={"flat_settings": "true", "allow_no_indices": "true"}
        )
        blocked = {name for name, index in settings.items() if index["settings"].get("index.blocks.write") == "true"}
        segments = _segments(trail, settings)
        if merged := sorted(name for name in blocked if segments.get(name, 0) > 1)[:NAMED_AT_ONCE]:
            trail.client.indices.refresh(index=merged)  # what a merge replaced is shown until then
            segments |= _segments(trail, merged)
    for index in sorted(settings):
        month = month_of(trail.prefix, index)
        if month is not None and not index.endswith("-late"):
            yield Month(
                index, _end(month) + after, index in blocked, late_index(index) in settings, segments.get(index, 0)
            )


def finish_months(trail: Trail, now: datetime, after: timedelta) -> Iterator[str]:
    """Bring every month that is due one step or more further, and say in a sentence what was begun or done.

    A merge goes on in the engine by itself, one month at a time; the next call finds it done. Raises TrailUnavailable.
    """
    merging = is_merging(trail)
    for month in list_months(trail, after):
        if month.due > now or month.finished:
            continue
        if not month.blocked:
            if not month.late and is_written_to(trail, month.index, now - QUIET):
                continue
            _block(trail, month.index)
            yield f"{month.index} takes no more writes."
        if not month.late:
            ensure_index(trail, late_index(month.index))
            yield f"{late_index(month.index)} takes what comes late."
        if month.segments > 1 and not merging:
            _merge(trail, month.index)
            merging = True
            yield f"{month.index} is being merged into one segment."


def is_merging(trail: Trail) -> bool:
    """Whether a month is being merged, which takes hours where it is large."""
    with translate_errors("What the engine is busy with cannot be listed"):
        nodes = trail.client.tasks.list(params={"actions": "indices:admin/forcemerge", "detailed": "true"})["nodes"]
    prefix = f"{trail.prefix}-events-"
    return any(prefix in task["description"] for node in nodes.values() for task in node["tasks"].values())


def is_over(index: str, now: datetime) -> bool:
    """Whether the month of an index of events has ended. Of late events it is not: they come at any time."""
    return not index.endswith("-late") and _end(index[-7:]) <= now


def _end(month: str) -> datetime:
    """When a month ends: `2026.11` → the first of December."""
    year, number = int(month[:4]), int(month[5:])
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _segments(trail: Trail, indices: Collection[str]) -> dict[str, int]:
    """Of each index the most segments that any copy of a shard has; of all, for so many names make no address."""
    if not indices:
        return {}
    named = ",".join(indices) if len(indices) <= NAMED_AT_ONCE else f"{trail.prefix}-events-*"
    indices_stats = trail.client.indices.stats(index=named, metric="segments", params={"level": "shards"})["indices"]
    return {
        name: max(copy["segments"]["count"] for copies in stats["shards"].values() for copy in copies)
        for name, stats in indices_stats.items()
    }


def is_written_to(trail: Trail, index: str, since: datetime) -> bool:
    """Whether any event of an index was taken since a time. Raises TrailUnavailable."""
    response = ask(trail, maintenance.build_ingested_since(since), indices=[index])
    return bool(response["hits"]["total"]["value"])


def _block(trail: Trail, index: str) -> None:
    with translate_errors(f"{index} could not be closed to writes"):
        answer = trail.client.indices.add_block(index=index, block="write")
    if not all(index["blocked"] for index in answer["indices"]):
        raise TrailUnavailable(f"{index} could not be closed to writes: a shard of it did not answer.")


def _merge(trail: Trail, index: str) -> None:
    with translate_errors(f"{index} could not be merged"):
        trail.client.transport.perform_request(
            "POST", f"/{index}/_forcemerge", params={"max_num_segments": 1, "wait_for_completion": "false"}
        )
