"""Keys of programs."""

from typing import Any

from accounts.models import User
from operations.models import Scope, WriterKey
from operations.services import keys


def writer_key(by: User, **fields: Any) -> tuple[WriterKey, str]:
    """A key that writes as tokens-1 into the dataset test, and the key as its owner holds it."""
    values = {"name": "Tokens", "scope": Scope.WRITE, "writer": "tokens-1", "dataset": "test", "format": "ecs"}
    return keys.make(**(values | fields), by=by)


def bearer(shown: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {shown}"}
