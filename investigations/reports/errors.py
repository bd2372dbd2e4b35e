"""States why a report could not be made."""

from core.errors import Refused


class NotTypeset(Refused):
    """The PDF could not be made within its bounds; the other formats can."""
