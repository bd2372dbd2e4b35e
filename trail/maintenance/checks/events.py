"""Checks the events: numbers that never arrived, writers that fell silent, documents that did not come through the writer.

Such a document lacks something that the writer always sets or checks: every required field, the time when it was taken, a known
outcome and operation, the event's own id as the document's, the event's own month as its index, no routing. One that imitates all
of it is an event like any other: it is sealed with its own time.
"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import islice

from trail import mapping
from trail.connection import translate_errors
from trail.maintenance import sequences
from trail.maintenance.checks.check import CheckContext, CheckState, Problem
from trail.reserved_names import is_demonstration_writer
from trail.search.bodies import maintenance
from trail.search.execute import ask, scan_index

_REMEMBERED = timedelta(days=30)  # a writer that has been silent for longer is known to be gone
_SETTLES = timedelta(seconds=60)  # numbers below a writer's last may still be on their way
IDS_AT_ONCE = 1_000
_PAST = (
    "It did not come through the writer. Find out who may write to the engine beside it; what it says is not to be "
    "trusted, and it stays."
)


def check_numbers(context: CheckContext) -> Iterator[Problem]:
    """No number of any writer is missing."""
    for writer in sequences.list_writers(context.trail):
        if writer.whole or writer.last_heard > context.now - _SETTLES:
            continue
        for gap in sequences.find_gaps_of(context.trail, writer.id, 0, writer.last):
            what = f"{gap}.".capitalize()
            if is_demonstration_writer(writer.id):
                yield Problem(what, "The demonstration leaves them out on purpose.", CheckState.NOTE)
            else:
                yield Problem(what, "Look for its spool, and ship what waits there.")


def check_silence(context: CheckContext) -> Iterator[Problem]:
    """Something has come from every writer lately."""
    for writer in sequences.find_silent(context.trail, context.now - context.silent_after):
        if writer.last_heard > context.now - _REMEMBERED and not is_demonstration_writer(writer.id):
            yield Problem(
                f"Nothing has come from writer {writer.id} since {writer.last_heard:%Y-%m-%d %H:%M} UTC.",
                "See whether its service runs, and its shipper.",
                CheckState.NOTE,
            )


def check_strangers(context: CheckContext) -> Iterator[Problem]:
    """Every document came through the writer."""
    indices = _indices(context)
    if not indices:
        return
    for what, body in maintenance.build_strangers(context.now).items():
        hits = ask(context.trail, body)["hits"]
        if total := hits["total"]["value"]:
            first = hits["hits"][0]
            others = f", and {total - 1:,} more like it" if total > 1 else ""
            yield Problem(f"Document {first['_id']} in {first['_index']} {what}{others}.", _PAST)
    for index in indices:
        month = mapping.month_of(context.trail.prefix, index)
        if month is not None:
            yield from _of_other_months(context, index, month)
            yield from _under_other_ids(context, index)
            if index.endswith("-late"):
                yield from _in_both(context, index)


def _indices(context: CheckContext) -> list[str]:
    with translate_errors("The indices cannot be listed"):
        options = {"allow_no_indices": "true"}
        return sorted(context.trail.client.indices.get_alias(index=f"{context.trail.prefix}-events-*", params=options))


def _of_other_months(context: CheckContext, index: str, month: str) -> Iterator[Problem]:
    hits = ask(context.trail, maintenance.build_other_months(month), indices=[index])["hits"]["hits"]
    for hit in hits:
        yield Problem(f"Document {hit['_id']} lies in {index} and is not of that month.", _PAST)


def _under_other_ids(context: CheckContext, index: str) -> Iterator[Problem]:
    for hit in scan_index(context.trail, index, maintenance.build_identities(context.since)):
        if (ids := hit.fields.get("event.id")) != [hit.event_id]:
            yield Problem(f"Document {hit.event_id} in {index} says that it is event {(ids or ['?'])[0]}.", _PAST)


def _in_both(context: CheckContext, late: str) -> Iterator[Problem]:
    """Ids that a month and the index beside it both hold: the month's block was lifted, or set otherwise than by us."""
    month = late.removesuffix("-late")
    hits = scan_index(context.trail, late, maintenance.build_identities(context.since))
    while ids := [hit.event_id for hit in islice(hits, IDS_AT_ONCE)]:
        for hit in ask(context.trail, maintenance.build_ids(ids), indices=[month])["hits"]["hits"]:
            yield Problem(
                f"Event {hit['_id']} lies in {month} and beside it.",
                "The month's write block was lifted meanwhile: find out by whom, and compare the two.",
            )
