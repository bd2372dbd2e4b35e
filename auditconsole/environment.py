"""Settings from the environment. A malformed value stops the start with one sentence that names it."""

from typing import Any

import environ


class Environment(environ.Env):  # type: ignore[misc]
    def get_value(self, var: str, *args: Any, **more: Any) -> Any:
        try:
            return super().get_value(var, *args, **more)
        except ValueError as error:
            raise SystemExit(f"{var} is set to {self.ENVIRON.get(var)!r}, which cannot be read: {error}.") from None


env = Environment()
