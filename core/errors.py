"""States what a rule of the console refuses, as one sentence for the person who asked."""


class Refused(Exception):
    """A rule of the console says no. `field` names the input at fault, if one is."""

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class Conflict(Refused):
    """Somebody else changed the same thing after the form of it was shown, so that nothing was changed now."""

    def __init__(self) -> None:
        super().__init__("Somebody changed this meanwhile; nothing of yours was saved yet. Both texts stand here.")


class Busy(Exception):
    """So much is under way already that this was not begun; nothing of it was done."""

    RETRY_SECONDS = 3

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
