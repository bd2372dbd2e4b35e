"""Write a believable trail with one incident in it, or say what there is to find."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from accounts.journal import trail
from operations.demonstration.generate import Demonstration, midnight, stream
from operations.services.demonstration import demonstration_in_the_trail
from trail import mapping
from trail.errors import TrailError
from trail.writer import write_many

EVENTS = 120_000


class Command(BaseCommand):
    help = "Write demonstration events (event.dataset: demonstration). The same numbers write the same events, once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--events", type=int, metavar="N", help=f"how many; the default is {EVENTS:,}")
        parser.add_argument("--seed", type=int, metavar="S", help="another seed, other events; the default is 1")
        parser.add_argument("--until", help="when the trail ends, such as 2026-11-24; the default is the last midnight")
        parser.add_argument("--days", type=int, metavar="D", help="how long it goes on; the default is 90")
        parser.add_argument(
            "--answer", action="store_true", help="print what an investigation of the trail's demonstration should find"
        )
        parser.add_argument("--quiet", action="store_true", help="no progress bar")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["answer"]:
            self.answer(options)
            return
        asked = _asked(options)
        try:
            self.write(asked, quiet=options["quiet"])
        except TrailError as error:
            raise CommandError(
                f"{error} Run the same command again: what is there already is not written twice."
            ) from error

    def answer(self, options: dict[str, Any]) -> None:
        """Of the demonstration that the trail holds, or of the one that the numbers name."""
        named = any(options[name] is not None for name in ("events", "seed", "until", "days"))
        try:
            there = None if named else demonstration_in_the_trail()
        except TrailError as error:
            raise CommandError(f"{error} With --events, --seed and --until it is not asked.") from error
        asked = there or _asked(options)
        if there is None and not named:
            self.stderr.write(
                f"The trail holds no demonstration; one of {asked.events:,} events would have this answer:"
            )
        for name, value in asdict(asked.answer()).items():
            self.stdout.write(f"{name:26} {value if not isinstance(value, tuple) else ', '.join(value)}")

    def write(self, asked: Demonstration, *, quiet: bool) -> None:
        counts = {"created": 0, "existing": 0, "conflict": 0, "invalid": 0}
        mapping.install(trail())
        bar = tqdm(total=asked.events, unit=" events", disable=quiet, file=sys.stderr)
        for outcome in write_many(trail(), stream(asked), batch=2_000):
            counts[outcome.status] += 1
            bar.update()
        bar.close()
        self.stdout.write(
            f"{counts['created']:,} events written, {counts['existing']:,} were there already "
            f"(seed {asked.seed}, until {asked.until:%Y-%m-%d})."
        )
        if counts["conflict"] or counts["invalid"]:
            raise CommandError(
                f"{counts['conflict']} events stand under another's id and {counts['invalid']} were not valid."
            )


def _asked(options: dict[str, Any]) -> Demonstration:
    """What the numbers on the command line mean. Raises CommandError."""
    try:
        until = datetime.fromisoformat(options["until"]).replace(tzinfo=UTC) if options["until"] else midnight()
        return Demonstration(
            options["events"] or EVENTS, 1 if options["seed"] is None else options["seed"], until, options["days"] or 90
        )
    except ValueError as error:
        raise CommandError(str(error)) from error
