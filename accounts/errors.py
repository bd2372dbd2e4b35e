"""What accounts refuse, as one sentence for the person who asked."""


class Refused(Exception):
    """A rule about people says no."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence
