"""Takes the ids of sealed events into an index on disk, and finds ids that two events have: each such pair is an incident."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from core.connection import trail
from operations.incidents import services as incidents
from operations.incidents.services import IncidentKind
from operations.models import SealedRange
from operations.sealing import rows
from operations.sealing.folder import LogDirectory
from trail.connection import Trail, translate_errors
from trail.documents import get
from trail.errors import TrailUnavailable
from trail.writing.id_index import IdIndex, IdIndexReader, name_index, name_indices, number_index

FOLDER = "id-index"  # within that of the log
AT_ONCE = 10_000  # leaves
IN_A_STEP = 20  # times as many, so that a step ends while much waits
LOOKED_AT = 2_000  # leaves that are looked at again in a step
NAMED = 20  # pairs of one piece that have an incident each; of more there is one for all others
SUBJECT = "ids"  # of that one
Pair = tuple[str, str, str]  # an id, and two indices


def find_sealed_ids(event_ids: Sequence[str]) -> list[tuple[str, ...]] | None:
    """The indices in which each of some ids is sealed; None where that is not known on this machine, or not yet."""
    return name_indices(settings.TRAIL_PREFIX, _open_reader(Path(settings.SEAL_DIR) / FOLDER).find(event_ids))


@cache
def _open_reader(folder: Path) -> IdIndexReader:
    return IdIndexReader(folder)


class IdKeeper:
    """Keeps the index as far as the log goes. There is one, in the process that has locked the log."""

    def __init__(self, log: LogDirectory) -> None:
        self._log = log
        self._index: IdIndex | None = None
        self._looked = 0  # how far what was taken in is looked at again

    def step(self) -> int:
        """Take in what was sealed since; how many leaves. It goes on where it was when the process ended.

        Raises TrailUnavailable, while it is not known whether two events have one id; LogDamaged, OSError.
        """
        index = self._index = self._index or IdIndex(self._log.folder / FOLDER)
        end = rows.count_covered()
        if index.leaves > end:  # another log, or an older copy of it
            index.begin_anew()
        first = index.leaves
        for start in range(first, min(end, first + AT_ONCE * IN_A_STEP), AT_ONCE):
            self._take(index, start, min(start + AT_ONCE, end))
        if index.leaves == end:
            index.complete()
            self._look_again(index)
        return index.leaves - first

    def _take(self, index: IdIndex, start: int, end: int) -> None:
        self._report_pairs(index, start, end, again=False)
        index.advance(end)

    def _look_again(self, index: IdIndex) -> None:
        """Go on through what was taken in long ago: whoever can write the folder can take an entry out."""
        start = self._looked if self._looked < index.leaves else 0
        end = min(start + LOOKED_AT, index.leaves)
        added = index.added
        self._report_pairs(index, start, end, again=True)
        if lacked := index.added - added:
            what = (
                f"The index of ids lacked {lacked} of the leaves {start} to {end - 1}, so that their ids could be taken again. "
                "It has them now; somebody changed its files, or the disk did."
            )
            incidents.record_failure(IncidentKind.TAMPERED, FOLDER, what, events=lacked)
        self._looked = end

    def _report_pairs(self, index: IdIndex, start: int, end: int, *, again: bool) -> None:
        """Take leaves in, and report the ids that others have too; where that is done `again`, those that were not known."""
        ids, places = list(self._log.ids(start, end)), list(_list_places(start, end))
        prefix = settings.TRAIL_PREFIX
        pairs = [
            (event_id, name_index(prefix, other), name_index(prefix, place))
            for event_id, other, place, is_new in index.add(ids, places)
            if is_new or not again
        ]
        if pairs:
            _report_pairs(trail(), pairs)


def _list_places(start: int, end: int) -> Iterator[int | None]:
    """The place of each leaf from one to before another: that of its index, None for one that is no month's."""
    before = SealedRange.objects.filter(first_leaf__lte=start).order_by("-first_leaf").first()
    inside = SealedRange.objects.filter(first_leaf__gt=start, first_leaf__lt=end).order_by("first_leaf")
    for sealed_range in [*([before] if before else []), *inside]:
        place = number_index(settings.TRAIL_PREFIX, sealed_range.index)
        for _ in range(max(start, sealed_range.first_leaf), min(end, sealed_range.end)):
            yield place


def _report_pairs(trail: Trail, pairs: list[Pair]) -> None:
    """An incident for each id that stands for two events in the engine. Raises TrailUnavailable."""
    documents = _read_documents(trail, pairs)
    twins = [
        (
            event_id,
            f"Two events have the id {event_id}: {_describe(first, event)}, and {_describe(second, other)}. One of them was put "
            "in to be taken for the other: look at both, and at who wrote each.",
        )
        for (event_id, first, second), event, other in zip(pairs, documents[::2], documents[1::2], strict=True)
        if event is not None and other is not None
    ]
    for event_id, what in twins[:NAMED]:
        incidents.record_failure(IncidentKind.CONFLICT, f"id {event_id}"[:200], what, events=2)
    if len(twins) > NAMED:
        what = f"{len(twins) - NAMED} more ids have two events each, of which {twins[NAMED][1][:700]}"
        incidents.record_failure(IncidentKind.CONFLICT, SUBJECT, what, events=2 * (len(twins) - NAMED))


def _read_documents(trail: Trail, pairs: list[Pair]) -> list[dict[str, Any] | None]:
    """What stands under the id of each pair in its one index and in its other; None for nothing."""
    places = [(index, event_id) for event_id, *both in pairs for index in both]
    documents: list[dict[str, Any] | None] = []
    wanted = ["@timestamp", "event.dataset", "writer.id"]
    for start in range(0, len(places), 1_000):
        lookups = [{"_index": index, "_id": key, "_source": wanted} for index, key in places[start : start + 1_000]]
        with translate_errors("The trail could not be read to compare events of one id"):
            answers = trail.client.mget(body={"docs": lookups})["docs"]
        documents += map(_read_source, answers)
    return documents


def _read_source(answer: dict[str, Any]) -> dict[str, Any] | None:
    error = answer.get("error")
    if error and error.get("type") != "index_not_found_exception":  # that an index is gone is an incident of its own
        raise TrailUnavailable(f"Event {answer['_id']} in {answer['_index']} cannot be read: {error.get('reason')}.")
    return answer["_source"] if answer.get("found") else None


def _describe(index: str, document: dict[str, Any]) -> str:
    writer = get(document, "writer.id") or "unknown"
    return f"of {document.get('@timestamp')} in {index} (dataset {get(document, 'event.dataset')}, writer {writer})"
