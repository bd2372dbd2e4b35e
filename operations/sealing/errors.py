"""Defines what can be wrong with the sealed log itself; every message is one sentence that a person can act on."""

from trail.errors import TrailError


class LogBusy(TrailError):
    """Another process seals into the same folder."""


class LogDamaged(TrailError):
    """The log's folder, its key or the rows about it do not fit together, so that nothing may be sealed on top of them."""


class KeyUnusable(LogDamaged):
    """The key is not where it should be, or the settings name another log: nothing can be signed, and no event is in doubt."""


class ElsewhereUnreadable(LogDamaged):
    """What was published elsewhere cannot be compared with: nothing is signed yet, and no event is in doubt."""


class NotAdopted(TrailError):
    """An index is not what was sealed, or needs no adopting; nothing was changed."""
