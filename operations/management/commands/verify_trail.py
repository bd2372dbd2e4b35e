"""Compare the trail with the sealed log, and say by their ids which events were altered, removed, inserted or moved.

Killed and started again it goes on where it was. Exit status: 0 intact, 1 it could not run, 2 tampered.
"""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from operations.models import Verification
from operations.sealing import naming, publishing, verifying
from operations.sealing.log import Log
from trail.errors import TrailError

TAMPERED = 2


class Command(BaseCommand):
    help = "Verify that the trail is what was sealed. Exit status 0: intact, 1: could not run, 2: tampered."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=int, default=0, metavar="SIZE", help="from the checkpoint of that size on")
        parser.add_argument("--sample", type=int, metavar="N", help="about N events, in tiles drawn by chance")
        parser.add_argument("--processes", type=int, default=1, metavar="N", help="compare in N processes")
        parser.add_argument("--published", type=Path, metavar="DIR",
                            help="also see that the log goes on from every checkpoint published there")  # fmt: skip
        parser.add_argument("--json", action="store_true", help="answer with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        log, count = Log(), options["sample"]
        try:
            with verifying.alone(log):
                ranges = verifying.sample(log, count) if count else verifying.whole(log, options["since"])
                one = verifying.begin(log, Verification.Kind.COMMAND, ranges, resume=not count)
                bar = tqdm(total=verifying.leaves(one.ranges), initial=one.events, unit=" events", unit_scale=True,
                           file=self.stderr, disable=options["json"])  # fmt: skip
                with bar:
                    verifying.run(log, one, processes=options["processes"], said=bar.update)
                folder = options["published"]
                contradicted = list(publishing.contradicted(folder)) if folder else []
        except (TrailError, OSError) as error:
            raise CommandError(str(error)) from error
        self._answer(one, contradicted, as_json=options["json"])
        if one.findings or contradicted:
            sys.exit(TAMPERED)

    def _answer(self, one: Verification, contradicted: list[str], *, as_json: bool) -> None:
        if as_json:
            answer = {
                "intact": one.intact and not contradicted, "size": one.size, "events": one.events, "findings": one.findings,
                "published": contradicted,
            }  # fmt: skip
            self.stdout.write(json.dumps(answer))
            return
        for finding in one.findings:
            self.stdout.write(f"TAMPERED: {naming.sentence(finding)}")
        for sentence in contradicted:
            self.stdout.write(f"TAMPERED: {sentence}.")
        if one.intact and not contradicted:
            self.stdout.write(f"Intact: {one}.")
