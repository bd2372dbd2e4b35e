"""Defines why a request as a whole is refused: nothing of it is written then."""


class RequestRefused(Exception):
    """`status` is HTTP's; `sentence` says what is wrong; `after` is in how many seconds the same may be sent again."""

    def __init__(self, status: int, sentence: str, after: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.after = after
