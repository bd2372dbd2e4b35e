"""Read foreign audit logs into the trail.

Exit status: 0 when every record is in the trail, 3 when some were rejected and kept for inspection, 1 when it stopped.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from tqdm import tqdm

from accounts.journal import trail
from operations import importing, reading
from operations.formats import FORMATS, Format
from operations.services.rejected import AT_ONCE, Rejected, keep
from trail import mapping
from trail.errors import TrailError

SOME_REJECTED = 3


class Command(BaseCommand):
    help = (
        "Import audit logs: JSON, JSON Lines, CloudTrail Records files, gzip or not; files, folders, or - for a stream."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", required=True, metavar="|".join(FORMATS))
        parser.add_argument(
            "--rejects", type=Path, help="where rejected records go; the default is a file in the state folder"
        )
        parser.add_argument("--dry-run", action="store_true", help="read and check, and write nothing")
        parser.add_argument("paths", nargs="+", metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        format = FORMATS.get(options["format"])
        if format is None:
            raise CommandError(f"There is no format {options['format']}; there are {', '.join(FORMATS)}.")
        try:
            files = reading.paths(options["paths"])
        except FileNotFoundError as error:
            raise CommandError(str(error)) from error
        try:
            if not options["dry_run"]:
                mapping.install(trail())
            summary, rejects = self.read(format, files, options)
        except (OSError, EOFError, TrailError, DatabaseError) as error:
            raise CommandError(
                f"{error} What was written before stays; the same command again goes on safely."
            ) from error
        self.report(summary, rejects)
        if not summary.whole:
            sys.exit(SOME_REJECTED)

    def read(self, format: Format, files: list[Path], options: dict[str, Any]) -> tuple[importing.Summary, Path]:
        total = importing.Summary()
        rejects = options["rejects"] or _default_rejects()
        rejects.parent.mkdir(parents=True, exist_ok=True)
        bar = tqdm(unit=" records", file=sys.stderr, disable=None)
        with rejects.open("a", encoding="utf-8") as kept, _InStore(format.name, options["dry_run"]) as store:
            for path in files:
                bar.set_description(path.name)
                with reading.opened(path) as stream:
                    one = importing.import_records(
                        trail(), format, reading.records(stream), rejects=kept, source=str(path),
                        dry_run=options["dry_run"], seen=lambda record: bar.update(),
                        refused=store.add,
                    )  # fmt: skip
                for name in ("read", "written", "existing", "conflicts", "rejected", "secrets", "reasons"):
                    setattr(total, name, getattr(total, name) + getattr(one, name))
        bar.close()
        if not total.rejected and rejects.stat().st_size == 0:
            rejects.unlink()
        return total, rejects

    def report(self, summary: importing.Summary, rejects: Path) -> None:
        self.stdout.write(
            f"{summary.read:,} records read: {summary.written:,} events written, {summary.existing:,} already there, "
            f"{summary.rejected:,} rejected."
        )
        if summary.secrets:
            self.stdout.write(f"{summary.secrets:,} bearer secrets were replaced by their SHA-256.")
        if summary.rejected:
            self.stdout.write(f"The rejected are kept in {rejects}; the commonest reasons:")
            for reason, count in summary.reasons.most_common(5):
                self.stdout.write(f"  {count:,} × {reason}")


class _InStore:
    """Rejected records into the store where admins decide about them, some at a time."""

    def __init__(self, format: str, dry_run: bool) -> None:
        self.format, self.dry_run = format, dry_run
        self.waiting: list[Rejected] = []

    def add(self, one: Rejected) -> None:
        self.waiting.append(one)
        if len(self.waiting) >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        if self.waiting and not self.dry_run:
            keep(self.format, f"import:{self.format}", self.waiting)
        self.waiting = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.flush()


def _default_rejects() -> Path:
    return Path(settings.STATE_DIR) / "rejects" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.jsonl"
