"""The events: numbers that never arrived, writers that fell silent, and documents that did not come through the writer.

A document that came past the writer is told by what the writer never leaves out or lets through: every required field, the
time when it was taken, an outcome and an operation that there are, the event's own id as the document's, the event's own
month as its index, no routing. One that imitates all of it is an event like any other: it is sealed with its own time.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from trail import mapping, sequences
from trail.check.finding import Asked, Problem, State
from trail.connection import asking
from trail.search import keeping
from trail.search.execute import ask, scan_index

_REMEMBERED = timedelta(days=30)  # a writer that has been silent for longer is known to be gone
_SETTLES = timedelta(seconds=60)  # numbers below a writer's last may still be on their way
IDS_AT_ONCE = 1_000
_PAST = ("It did not come through the writer. Find out who may write to the engine beside it; what it says is not to be "
         "trusted, and it stays.")  # fmt: skip


def numbers(asked: Asked) -> Iterator[Problem]:
    for writer in sequences.writers(asked.trail):
        if writer.whole or writer.last_heard > asked.now - _SETTLES:
            continue
        for gap in sequences.gaps_of(asked.trail, writer.id, 0, writer.last):
            yield Problem(f"{gap}.".capitalize(), "Look for its spool, and ship what waits there.")


def silent(asked: Asked) -> Iterator[Problem]:
    for writer in sequences.silent(asked.trail, asked.now - asked.silent_after):
        if writer.last_heard > asked.now - _REMEMBERED:
            yield Problem(
                f"Nothing has come from writer {writer.id} since {writer.last_heard:%Y-%m-%d %H:%M} UTC.",
                "See whether its service runs, and its shipper.", State.NOTE,
            )  # fmt: skip


def strangers(asked: Asked) -> Iterator[Problem]:
    indices = _indices(asked)
    if not indices:
        return
    for what, body in keeping.strangers(asked.now).items():
        hits = ask(asked.trail, body)["hits"]
        if total := hits["total"]["value"]:
            first = hits["hits"][0]
            more = f", and {total - 1:,} more like it" if total > 1 else ""
            yield Problem(f"Document {first['_id']} in {first['_index']} {what}{more}.", _PAST)
    for index in indices:
        month = mapping.month_of(asked.trail.prefix, index)
        if month is not None:
            yield from _of_other_months(asked, index, month)
            yield from _under_other_ids(asked, index)
            if index.endswith("-late"):
                yield from _there_twice(asked, index)


def _indices(asked: Asked) -> list[str]:
    with asking("The indices cannot be listed"):
        options = {"allow_no_indices": "true"}
        return sorted(asked.trail.client.indices.get_alias(index=f"{asked.trail.prefix}-events-*", params=options))


def _of_other_months(asked: Asked, index: str, month: str) -> Iterator[Problem]:
    hits = ask(asked.trail, keeping.of_other_months(month), indices=[index])["hits"]["hits"]
    for hit in hits:
        yield Problem(f"Document {hit['_id']} lies in {index} and is not of that month.", _PAST)


def _under_other_ids(asked: Asked, index: str) -> Iterator[Problem]:
    for hit in scan_index(asked.trail, index, keeping.identities(asked.since)):
        if (told := hit.fields.get("event.id")) != [hit.event_id]:
            yield Problem(f"Document {hit.event_id} in {index} says that it is event {(told or ['?'])[0]}.", _PAST)


def _there_twice(asked: Asked, late: str) -> Iterator[Problem]:
    """Ids that a month and the index beside it both hold: the month's block was lifted, or set otherwise than by us."""
    month = late.removesuffix("-late")
    hits = scan_index(asked.trail, late, keeping.identities(asked.since))
    while some := [hit.event_id for hit in islice(hits, IDS_AT_ONCE)]:
        for hit in ask(asked.trail, keeping.with_ids(some), indices=[month])["hits"]["hits"]:
            yield Problem(f"Event {hit['_id']} lies in {month} and beside it.",
                          "The month's write block was lifted meanwhile: find out by whom, and compare the two.")  # fmt: skip
