"""Writes and reads the values of the cache as JSON: what somebody else put there is a value, never code."""

from typing import Any

import orjson

# A value that JSON does not have is refused by whoever keeps it, instead of coming back as something else.
_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


class JSONSerializer:
    """What Django's Redis cache uses in place of pickle. A whole number stays one that Redis can count with."""

    def dumps(self, value: Any) -> bytes:
        """Raises orjson.JSONEncodeError for what JSON does not have."""
        return orjson.dumps(value, option=_STRICT)

    def loads(self, data: bytes) -> Any:
        """Raises orjson.JSONDecodeError for what this console cannot have put there."""
        return orjson.loads(data)
