"""Keys of programs."""

from typing import Any

from accounts.models import User
from operations.models import KeyScope, WriterKey
from operations.writers import keys


def writer_key(by: User, **fields: Any) -> tuple[WriterKey, str]:
    """A key that writes as tokens-1 into the dataset test, and the key as its owner holds it."""
    values = {"name": "Tokens", "scope": KeyScope.WRITE, "writer": "tokens-1", "dataset": "test", "format": "ecs"}
    return keys.make_key(**(values | fields), by=by)


def bearer(shown: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {shown}"}
