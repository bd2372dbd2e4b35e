"""States what a case refuses."""

from core.errors import Refused


class CaseClosed(Refused):
    """A closed case is not changed."""

    def __init__(self) -> None:
        super().__init__("This case is closed; reopen it to change it.")
