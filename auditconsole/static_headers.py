"""Adds what static files need beyond WhiteNoise's own headers."""

from pathlib import PurePosixPath
from typing import Any


def add_headers(headers: Any, path: str, url: str) -> None:
    """Let a page among the static files be saved, never shown: under the console's address its script would be the console's."""
    if url.endswith(".html"):
        name = PurePosixPath(url).name.partition(".")[0]
        headers["Content-Disposition"] = f'attachment; filename="{name}.html"'
