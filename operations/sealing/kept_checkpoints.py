"""Compares checkpoints that were kept somewhere with the log as it is now: whether it goes on from each of them."""

from operations.models import Checkpoint as Row
from operations.sealing import signing_keys
from operations.sealing.errors import LogDamaged
from operations.sealing.folder import LogDirectory
from trail.integrity.checkpoint import Checkpoint
from trail.integrity.tiles import TileMissing, Tree
from trail.integrity.verdict import Broken, Intact, Verdict


def read_trusted_checkpoint(log: LogDirectory) -> Checkpoint:
    """The largest checkpoint whose signature holds, of the folder and of the rows. Raises LogDamaged."""
    last = Row.objects.order_by("size", "pk").last()
    notes = [log.note(), last.note.encode() if last else None]
    checkpoints = [
        checkpoint
        for message in notes
        if message and isinstance(checkpoint := signing_keys.open_checkpoint(message), Checkpoint)
    ]
    if not checkpoints:
        raise LogDamaged("There is no checkpoint of this log to compare with: manage.py keep_trail makes the first.")
    return max(checkpoints, key=lambda checkpoint: checkpoint.size)


def verify_root(tree: Tree, size: int, root: bytes) -> Verdict:
    """Whether the first `size` leaves of a tree have a root."""
    try:
        root_now = tree.root_at(size)
    except ValueError:
        return Broken(f"the log has {tree.size:,} events, and had {size:,} then")
    except TileMissing as error:
        return Broken(f"the log cannot say what it was then: {error}")
    return Intact() if root_now == root else Broken(f"the first {size:,} events of the log are not those of then")


class LogHistory:
    """The log up to its newest checkpoint, opened once to compare many others with. It follows a log that grows meanwhile."""

    def __init__(self, log: LogDirectory) -> None:
        self._log = log
        self._tree = log.tree(read_trusted_checkpoint(log).size)

    def verify_checkpoint(self, size: int, root: bytes) -> Verdict:
        """Whether the log goes on from a size and root. Raises LogDamaged."""
        if size > self._tree.size:
            self._tree = self._log.tree(read_trusted_checkpoint(self._log).size)
        return verify_root(self._tree, size, root)

    def verify_note(self, message: bytes) -> Verdict:
        """Whether the log goes on from a signed note, which must be the log's own. Raises LogDamaged."""
        checkpoint = signing_keys.open_checkpoint(message)
        if isinstance(checkpoint, Broken):
            return checkpoint
        return self.verify_checkpoint(checkpoint.size, checkpoint.root)
