"""Writes the demonstration into the trail, or says what there is to find in it."""

import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from core.connection import trail
from operations.demonstration.generator import Demonstration, generate_events, last_midnight
from operations.demonstration.services import find_demonstration
from trail import mapping
from trail.errors import TrailBusy, TrailError, TrailUnavailable, WriteUnknown
from trail.writing.writer import write_many

EVENTS = 120_000
TRIES = 20  # of writing the demonstration, while the engine is too busy, or was full and takes nothing yet
PAUSE = 2.0  # seconds between them


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
        demonstration = _parse_demonstration(options)
        try:
            self.write_patiently(demonstration, quiet=options["quiet"])
        except TrailError as error:
            raise CommandError(
                f"{error} Run the same command again: what is there already is not written twice."
            ) from error

    def answer(self, options: dict[str, Any]) -> None:
        """Of the demonstration that the trail holds, or of the one that the numbers name."""
        named = any(options[name] is not None for name in ("events", "seed", "until", "days"))
        try:
            present = None if named else find_demonstration()
        except TrailError as error:
            raise CommandError(f"{error} With --events, --seed and --until it is not asked.") from error
        demonstration = present or _parse_demonstration(options)
        if present is None and not named:
            self.stderr.write(
                f"The trail holds no demonstration; one of {demonstration.events:,} events would have this answer:"
            )
        if demonstration.is_older:
            raise CommandError("An older version of the console wrote this demonstration, and has its answer.")
        answers = (demonstration.answer(), demonstration.travel_answer(), demonstration.gap_answer())
        for name, value in [pair for answer in answers for pair in asdict(answer).items()]:
            self.stdout.write(f"{name:26} {value if not isinstance(value, tuple) else ', '.join(value)}")

    def write_patiently(self, demonstration: Demonstration, *, quiet: bool) -> None:
        """Begin again where a busy engine did not answer in time; what is there already stays. Raises TrailError."""
        for _ in range(TRIES - 1):
            try:
                return self.write(demonstration, quiet=quiet)
            except (TrailUnavailable, TrailBusy, WriteUnknown) as error:
                self.stderr.write(f"{error} It is tried again.")
                time.sleep(PAUSE)
        return self.write(demonstration, quiet=quiet)

    def write(self, demonstration: Demonstration, *, quiet: bool) -> None:
        counts = {"created": 0, "existing": 0, "conflict": 0, "invalid": 0}
        mapping.install(trail())
        bar = tqdm(total=demonstration.events, unit=" events", disable=quiet, file=sys.stderr)
        for outcome in write_many(trail(), generate_events(demonstration), batch=2_000):
            counts[outcome.status] += 1
            bar.update()
        bar.close()
        self.stdout.write(
            f"{counts['created']:,} events written, {counts['existing']:,} were there already "
            f"(seed {demonstration.seed}, until {demonstration.until:%Y-%m-%d})."
        )
        if counts["conflict"] or counts["invalid"]:
            raise CommandError(
                f"{counts['conflict']} events stand under another's id and {counts['invalid']} were not valid."
            )


def _parse_demonstration(options: dict[str, Any]) -> Demonstration:
    """What the numbers on the command line mean. Raises CommandError."""
    try:
        until = datetime.fromisoformat(options["until"]).replace(tzinfo=UTC) if options["until"] else last_midnight()
        return Demonstration(
            options["events"] or EVENTS, 1 if options["seed"] is None else options["seed"], until, options["days"] or 90
        )
    except ValueError as error:
        raise CommandError(str(error)) from error
