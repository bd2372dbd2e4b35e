"""Says where the file of an export is."""

from pathlib import Path

from django.conf import settings

from investigations.models import Export


def build_path(export: Export) -> Path:
    """Where a finished export's file is, until it is removed."""
    return Path(settings.STATE_DIR) / "exports" / f"{export.public_id}.{export.format}"
