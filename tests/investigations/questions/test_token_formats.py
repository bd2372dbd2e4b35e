"""The browser knows a secret by the very pattern by which the trail refuses and removes one."""

import re
from pathlib import Path

from django.conf import settings

from trail.redaction import SECRET

# In a browser \b knows ASCII only; this says what Python's does before a letter.
NO_WORD_BEFORE = r"(?<![\p{L}\p{N}_])"


def test_the_browser_and_the_trail_take_the_same_for_a_secret() -> None:
    script = (Path(settings.BASE_DIR) / "static" / "js" / "token-formats.js").read_text()
    listed = script[script.index("const SECRET = [") : script.index('].join("")')]
    assert "".join(re.findall(r"String\.raw`([^`]*)`", listed)) == SECRET.pattern.replace(r"\b", NO_WORD_BEFORE)
