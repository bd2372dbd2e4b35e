"""What a service refuses, as one sentence for the person who asked. Views decide how to show it."""


class Refused(Exception):
    """A rule of the console says no. `field` names the input at fault, if one is."""

    def __init__(self, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class CaseClosed(Refused):
    """A closed case is not changed."""

    def __init__(self) -> None:
        super().__init__("This case is closed; reopen it to change it.")
