"""Imports foreign audit logs into the trail.

Exit status: 0 when every record is in the trail, 3 when some were rejected and kept for inspection or a file could not be read
whole, 1 when it stopped.
"""

import json
import sys
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from tqdm import tqdm

from core.connection import trail
from operations.imports.files import FileReport, import_files
from operations.imports.formats import AUTO, FORMATS, SourceFormat, generic
from operations.imports.importer import ImportSummary, RecordsMiscounted, RejectedRecord
from operations.imports.sources import LogSource, find_files
from operations.rejected.services import BATCH, RejectedText, keep_rejected
from trail import mapping
from trail.errors import TrailError
from trail.writing.new_months import MonthAllowance

INCOMPLETE = 3
REASONS_SHOWN = 5
REASON_WIDTH = 200


class Command(BaseCommand):
    help = (
        "Import audit logs: JSON in any arrangement, packed by gzip, bzip2, xz or Zstandard, in zip and tar archives; files, "
        "folders, or - for a stream."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--format",
            required=True,
            metavar="|".join((AUTO, *FORMATS)),
            help=f"{AUTO} reads each record by the format of which it has the signs, and says which that was",
        )
        parser.add_argument(
            "--fields",
            type=Path,
            metavar="FILE",
            help="a field map, as TOML or JSON, for the format generic: which values become which fields",
        )
        parser.add_argument(
            "--rejects", type=Path, help="where rejected records go; the default is a file in the state folder"
        )
        parser.add_argument("--dry-run", action="store_true", help="read and check, and write nothing")
        parser.add_argument(
            "--allow-months",
            type=int,
            default=settings.IMPORT_NEW_MONTHS,
            metavar="N",
            help="how many months that the trail does not have yet may be opened; each is kept for ever",
        )
        parser.add_argument("paths", nargs="+", metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        format = _choose_format(options["format"], options["fields"])
        try:
            files = find_files(options["paths"])
        except FileNotFoundError as error:
            raise CommandError(str(error)) from error
        try:
            if not options["dry_run"]:
                mapping.install(trail())
            total, rejects = self.read(format, files, options)
        except RecordsMiscounted as error:
            raise CommandError(str(error)) from error
        except (OSError, EOFError, TrailError, DatabaseError) as error:
            raise CommandError(
                f"{error} What was written before stays; the same command again goes on safely."
            ) from error
        self.report(total, rejects)
        if not total.is_complete:
            sys.exit(INCOMPLETE)

    def read(
        self, format: SourceFormat | None, files: list[Path | LogSource], options: dict[str, Any]
    ) -> tuple["_Total", Path]:
        """Import the files, with a line for each; what became of all of them, and where the rejected are."""
        total = _Total()
        rejects = options["rejects"] or _default_rejects()
        rejects.parent.mkdir(parents=True, exist_ok=True)
        bar = tqdm(unit=" records", file=sys.stderr, disable=None)
        with (
            rejects.open("a", encoding="utf-8") as rejects_file,
            _InStore(options["format"], options["dry_run"]) as store,
        ):
            reports = import_files(
                trail(),
                format,
                files,
                rejects=rejects_file,
                dry_run=options["dry_run"],
                months=MonthAllowance(options["allow_months"]),
                on_file=lambda name: bar.set_description(Path(name).name),
                on_read=lambda record: bar.update(),
                on_rejected=store.add,
            )
            self.stdout.write(_LINE.format("read", "written", "there", "rejected", "over", "file"))
            for report in reports:
                total.add(report)
                self.stdout.write(_describe_file(report))
        bar.close()
        if not total.summary.rejected and rejects.stat().st_size == 0:
            rejects.unlink()
        return total, rejects

    def report(self, total: "_Total", rejects: Path) -> None:
        """Say what became of all records, and of which files there is more to say."""
        summary = total.summary
        self.stdout.write(
            f"{summary.read:,} records read: {summary.written:,} written, {summary.existing:,} already there, "
            f"{summary.rejected:,} rejected"
            + (f", {summary.exempt:,} passed over" if summary.exempt else "")
            + (f", {summary.checked:,} checked and not written" if summary.checked else "")
            + f"; {summary.events:,} events written."
        )
        if summary.secrets:
            self.stdout.write(f"{summary.secrets:,} bearer secrets were replaced by their SHA-256.")
        if summary.formats:
            read_as = ", ".join(f"{count:,} as {name}" for name, count in summary.formats.most_common())
            self.stdout.write(f"They were read {read_as}.")
        if total.exempt:
            self.stdout.write(f"{total.exempt:,} files were passed over: they hold no records.")
        if total.damaged:
            self.stdout.write(f"{total.damaged:,} files could not be read whole; the table says which and why.")
        if summary.rejected:
            self.stdout.write(f"The rejected are kept in {rejects}; the commonest reasons:")
            for reason, count in summary.reasons.most_common(REASONS_SHOWN):
                self.stdout.write(f"  {count:,} × {_show(reason)}")


def _choose_format(name: str, fields: Path | None) -> SourceFormat | None:
    """The format of this name, None for that of each record's signs. Raises CommandError."""
    if name != AUTO and name not in FORMATS:
        raise CommandError(f"There is no format {name}; there are {', '.join((AUTO, *FORMATS))}.")
    if fields is None:
        return FORMATS.get(name)
    if name != "generic":
        raise CommandError("A field map is for the format generic.")
    try:
        text = fields.read_text(encoding="utf-8")
        chosen = generic.parse_field_map(json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text))
    except (OSError, ValueError) as error:  # a fault of JSON, of TOML or of the map
        raise CommandError(f"The field map {fields} cannot be used: {error}") from error
    format = FORMATS["generic"]
    return replace(
        format,
        convert=generic.build_convert(chosen),
        can_lack_signs=generic.build_recognise(chosen),
        dataset=chosen.dataset or format.dataset,
    )


class _Total:
    """What became of all files together."""

    def __init__(self) -> None:
        self.summary = ImportSummary()
        self.exempt = self.damaged = 0

    def add(self, report: FileReport) -> None:
        self.summary.add(report.summary)
        self.exempt += bool(report.exemption)
        self.damaged += bool(report.problems)

    @property
    def is_complete(self) -> bool:
        return self.summary.is_complete and not self.damaged


class _InStore:
    """Rejected records into the store where admins decide about them, some at a time."""

    def __init__(self, format: str, dry_run: bool) -> None:
        self.format, self.dry_run = format, dry_run
        self.waiting: list[RejectedText] = []

    def add(self, rejected: RejectedRecord) -> None:
        self.waiting.append(
            RejectedText(
                rejected.record.text,
                rejected.reason,
                rejected.field,
                rejected.status,
                format=rejected.format,
                place=rejected.place,
            )
        )
        if len(self.waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        if self.waiting and not self.dry_run:
            keep_rejected(self.format, f"import:{self.format}", self.waiting)
        self.waiting = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.flush()


_LINE = "{:>9} {:>9} {:>9} {:>9} {:>6}  {}"


def _describe_file(report: FileReport) -> str:
    summary = report.summary
    numbers = (summary.read, summary.written, summary.existing, summary.rejected, summary.exempt)
    line = _LINE.format(*(f"{number:,}" for number in numbers), _show(report.name))
    return f"{line}: {_show(report.note)}" if report.note else line


def _show(text: str) -> str:
    """A text that a log or an archive gave, with what a terminal would obey spelled out."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _default_rejects() -> Path:
    return Path(settings.STATE_DIR) / "rejects" / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.jsonl"
