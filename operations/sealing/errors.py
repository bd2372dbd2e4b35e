"""What can be wrong with the sealed log itself. Every message is one sentence a person can act on."""

from trail.errors import TrailError


class LogBusy(TrailError):
    """Another process seals into the same folder."""


class LogDamaged(TrailError):
    """The log's folder, its key or the rows about it do not fit together, so that nothing may be sealed on top of them."""


class NotAdopted(TrailError):
    """An index is not what was sealed, or needs no adopting; nothing was changed."""
