"""Gives every static file a name with its hash, in the imports of the console's JavaScript modules too."""

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """A module imports another by the name that its content has, so both may be cached for ever."""

    support_js_module_import_aggregation = True
    # Our own modules alone: extensions of htmx that come with django_htmx import what does not come with it.
    _js_module_import_aggregation_patterns = (
        "js/*.js",
        CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1],
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._addresses: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:
        """The address of a file: the same as long as the process lives, and every page asks for dozens."""
        address = self._addresses.get(name)
        if address is None:
            address = self._addresses[name] = super().url(name, force)
        return address
