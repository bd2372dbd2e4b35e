"""What a pattern of `*` and `?` may be, so that the engine neither looks at everything nor keeps endless things apart."""

import re

from trail.errors import BadQuery

PIECE = 3  # characters; a wildcard field is kept by its pieces of so many
_SIGNS = re.compile(r"\\.|[*?]", re.DOTALL)


def expect_narrow(pattern: str, position: int) -> None:
    """Each `?` behind a `*` can double what the engine has to keep apart; a pattern of `?` alone is as long as it is."""
    several, ones = (sum(part == sign for part in _SIGNS.findall(pattern)) for sign in "*?")
    if sum(map(len, _literals(pattern))) < 2:
        raise BadQuery("A pattern needs at least two characters besides * and ?.", position)
    if several > 8:
        raise BadQuery("A pattern may hold at most eight *.", position)
    if ones > (8 if several else 64):
        raise BadQuery("A pattern may hold at most 64 ?, and at most eight beside a *.", position)


def expect_a_piece(name: str, pattern: str, position: int) -> None:
    """Without a piece to look it up by, every event would be looked at."""
    if not any(len(part) >= PIECE for part in _literals(pattern)):
        raise BadQuery(f"A pattern on {name} needs three characters in a row, by which it is looked up.", position)


def _literals(pattern: str) -> list[str]:
    """What stands between the `*` and `?` of a pattern; an escaped character counts as one."""
    return _SIGNS.sub(lambda match: "x" if match[0][0] == "\\" else "\0", pattern).split("\0")
