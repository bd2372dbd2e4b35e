"""Defines the result of every check: it holds, or it does not and why."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Intact:
    """What was checked holds."""

    def __bool__(self) -> Literal[True]:
        return True


@dataclass(frozen=True, slots=True)
class Broken:
    """What was checked does not hold. `reason` is one phrase for a person."""

    reason: str

    def __bool__(self) -> Literal[False]:
        return False


Verdict = Intact | Broken
