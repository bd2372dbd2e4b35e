"""How long something took, as people say it."""

import pytest

from investigations.presentation.tokens import blast_radius_csv, duration_text
from trail.questions.compromise_parts import Affected


@pytest.mark.parametrize(
    ("nanoseconds", "words"),
    [
        (192 * 10**9, "3 min 12 s"), (0, "0 s"), (1, "1 ns"), (1_500_000, "1 ms 500 µs"), (86_400 * 10**9, "1 d"),
        (86_401 * 10**9, "1 d"), (-5 * 10**9, "5 s"), (90_000 * 10**9, "1 d 1 h"),
    ],
)  # fmt: skip
def test_a_span_is_its_two_largest_units(nanoseconds: int, words: str) -> None:
    assert duration_text(nanoseconds) == words


def test_a_line_of_the_blast_radius_cannot_calculate_nor_break() -> None:
    hostile = Affected("resource.id", '=cmd|"x"\r\n', "secret", 1, "a", "b")
    assert b"".join(blast_radius_csv([hostile])).endswith(b'resource.id,"\'=cmd|""x""\r\n",secret,1,a,b\r\n')
