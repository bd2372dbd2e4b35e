"""Compares the trail with the sealed log and names the events that were altered, removed, inserted or moved.

Killed and started again it goes on where it was. Exit status: 0 intact, 1 it could not run, 2 tampered.
"""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from operations.models import Verification
from operations.sealing import findings, publication, verification
from operations.sealing import services as sealing
from operations.sealing.errors import LogBusy
from operations.sealing.folder import LogDirectory
from trail.errors import TrailError

TAMPERED = 2


class Command(BaseCommand):
    help = "Verify that the trail is what was sealed. Exit status 0: intact, 1: could not run, 2: tampered."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=int, default=0, metavar="SIZE", help="from the checkpoint of that size on")
        parser.add_argument("--sample", type=int, metavar="N", help="about N events, in tiles drawn by chance")
        parser.add_argument("--processes", type=int, default=1, metavar="N", help="compare in N processes")
        parser.add_argument(
            "--published",
            metavar="TARGET",
            help="also see that the log goes on from every checkpoint published there",
        )
        parser.add_argument("--json", action="store_true", help="answer with one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        log, count = LogDirectory(), options["sample"]
        try:
            with verification.lock_verification(log):
                ranges = (
                    verification.choose_sample(log, count)
                    if count
                    else verification.choose_whole_log(log, options["since"])
                )
                comparison = verification.begin_verification(log, Verification.Kind.COMMAND, ranges, resume=not count)
                bar = tqdm(
                    total=verification.count_leaves(comparison.ranges),
                    initial=comparison.events,
                    unit=" events",
                    unit_scale=True,
                    file=self.stderr,
                    disable=options["json"],
                )
                with bar:
                    verification.run_verification(log, comparison, processes=options["processes"], report=bar.update)
                folder = options["published"]
                contradicted = publication.find_contradictions_in(folder) if folder else []
        except LogBusy as error:
            raise CommandError(str(error)) from error
        except Exception as error:
            sealing.record_failed_verification(error)
            if isinstance(error, (TrailError, OSError)):
                raise CommandError(str(error)) from error
            raise
        self._answer(comparison, contradicted, as_json=options["json"])
        if comparison.findings or contradicted:
            sys.exit(TAMPERED)

    def _answer(self, comparison: Verification, contradicted: list[str], *, as_json: bool) -> None:
        if as_json:
            answer = {
                "intact": comparison.intact and not contradicted,
                "size": comparison.size,
                "events": comparison.events,
                "findings": comparison.findings,
                "published": contradicted,
            }
            self.stdout.write(json.dumps(answer))
            return
        for finding in comparison.findings:
            self.stdout.write(f"TAMPERED: {findings.describe_finding(finding)}")
        for sentence in contradicted:
            self.stdout.write(f"TAMPERED: {sentence[0].upper()}{sentence[1:]}.")
        if comparison.intact and not contradicted:
            self.stdout.write(f"Intact: {comparison}.")
