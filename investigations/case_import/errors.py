"""States why a case bundle is not taken."""

from core.errors import Refused


class BadCaseBundle(Refused):
    """The file is no case bundle, or not the one that its console signed; the sentence says what is wrong."""
