"""Compares the log with every checkpoint that was published: each as it comes, and all of them again in turn.

How far each target is compared is signed (operations.sealing.progress). With it stands the largest checkpoint that fitted: a log
that goes on from that one goes on from all before it.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice

from operations.sealing.folder import LogDirectory
from operations.sealing.kept_checkpoints import LogHistory
from operations.sealing.progress import Values, keep_progress, read_progress
from trail.integrity import checkpoint, signed_note
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.publish import PublishedNote, Publisher
from trail.integrity.signed_note import SignedNote
from trail.integrity.verdict import Broken

NAMED = 100  # contradictions that are told; the log of a history that was rewritten contradicts every note


def find_contradictions(history: LogHistory, target: str, notes: Iterable[PublishedNote]) -> Iterator[str]:
    """What of these notes, in order, the log does not go on from, as sentences.

    Of those with one text the first is compared: what differs is only when they were signed. A last one that is cut off is
    one that is being written. Raises LogDamaged, PublishedUnreadable.
    """
    before, cut_off = "", False
    for note in notes:
        if cut_off:
            yield f"what was published into {target} holds a note that cannot be read, before {note.position}"
        read = signed_note.parse(note.message)
        cut_off = isinstance(read, Broken)
        if not isinstance(read, SignedNote) or read.text == before:
            continue
        before = read.text
        verdict = history.verify_note(note.message)
        if isinstance(verdict, Broken):
            yield f"a checkpoint published into {target} is not of this log's history: {verdict.reason}"


class PublishedHistory:
    """What is known of one target. It belongs to one piece of work."""

    def __init__(self, log: LogDirectory, target: str, publisher: Publisher) -> None:
        self._log, self._target, self._publisher = log, target, publisher
        self._history = LogHistory(log)
        self._name = f"published-{sha256(target.encode()).hexdigest()[:16]}"

    def compare_new(self) -> tuple[list[str], bool]:
        """Compare what came since the last time, as far as some seconds go; what contradicts, and whether all is compared now.

        Raises LogDamaged, PublishedUnreadable.
        """
        known = self.read_known()
        if contradiction := self._check_known(known):
            return [contradiction], False
        notes = list(islice(self._publisher.read_after(known.get("position", "")), self._publisher.notes_at_once))
        contradictions = list(islice(find_contradictions(self._history, self._target, notes), NAMED))
        if notes and not contradictions:
            self._keep(known, notes)
        return contradictions, len(notes) < self._publisher.notes_at_once

    def compare_again(self) -> list[str]:
        """Compare some of all notes, those behind the ones that were compared again last; what contradicts."""
        name = f"{self._name}-again"
        position = (read_progress(self._log, name) or {}).get("position", "")
        notes = list(islice(self._publisher.read_after(position), self._publisher.notes_at_once))
        contradictions = list(islice(find_contradictions(self._history, self._target, notes), NAMED))
        following = notes[-1].position if len(notes) == self._publisher.notes_at_once else ""
        keep_progress(self._log, name, {"position": following})
        return contradictions

    def compare_all(self) -> list[str]:
        """Compare everything that was ever published into the target; what contradicts, the first NAMED."""
        return list(islice(find_contradictions(self._history, self._target, self._publisher.read_after()), NAMED))

    def verify_note(self, message: bytes) -> str:
        """Why a note of ours must not be published; empty where it may be. Raises LogDamaged."""
        verdict = self._history.verify_note(message)
        if isinstance(verdict, Broken):
            return f"a checkpoint that was to be published into {self._target} is not of this log's history: {verdict.reason}"
        return ""

    def read_known(self) -> Values:
        """`position`, `size` and `root` of what was compared last, and `row`, the key of the row that was published last."""
        return read_progress(self._log, self._name) or {}

    def keep_row(self, row: int) -> None:
        """That a checkpoint's row is published."""
        keep_progress(self._log, self._name, self.read_known() | {"row": row})

    def _check_known(self, known: Values) -> str:
        if "root" not in known:
            return ""
        verdict = self._history.verify_checkpoint(known["size"], bytes.fromhex(known["root"]))
        if isinstance(verdict, Broken):
            return f"the log does not go on from the checkpoint published into {self._target} last: {verdict.reason}"
        return ""

    def _keep(self, known: Values, notes: list[PublishedNote]) -> None:
        signed = [read for note in notes if isinstance(read := checkpoint.parse_note(note.message), Checkpoint)]
        largest = max(signed, key=lambda read: read.size, default=None)
        values = known | {"position": notes[-1].position}
        if largest is not None and largest.size >= known.get("size", 0):
            values |= {"size": largest.size, "root": largest.root.hex()}
        keep_progress(self._log, self._name, values)
