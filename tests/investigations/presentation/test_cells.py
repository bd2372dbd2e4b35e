"""Values as they are shown: nothing of them is unseen."""

import pytest

from investigations.presentation.cells import make_visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("token a", "token a"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("   ", "␣␣␣"),
        (" \t\u3000", "␣⟨U+0009⟩⟨U+3000⟩"),
        ("", ""),
    ],
)
def test_a_text_shows_what_it_is_made_of(text: str, shown: str) -> None:
    assert make_visible(text) == shown
