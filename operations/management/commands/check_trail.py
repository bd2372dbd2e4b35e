"""Checks that the trail is kept as it should be.

Exit status: 0 all is well, 1 something could not be checked, 2 something is wrong.
"""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from operations.maintenance import services as maintenance
from trail.maintenance.checks.check import CheckFinding, CheckState

STATUS = {CheckState.FINE: 0, CheckState.NOTE: 0, CheckState.UNKNOWN: 1, CheckState.WRONG: 2}


class Command(BaseCommand):
    help = "Say whether the trail is kept as it should be, what is not, and what to do."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object a line, a finding each")
        parser.add_argument(
            "--whole", action="store_true", help="read the id of every event ever taken, not only of the last day's"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        status = 0
        for finding in maintenance.run_checks_of_trail(whole=options["whole"]):
            status = max(status, STATUS[finding.state])
            self.stdout.write(json.dumps(asdict(finding)) if options["json"] else _line(finding))
        if not options["json"]:
            self.stdout.write(
                f"\nNot in any snapshot: the database, and the sealed log in {settings.STATE_DIR}. Back them up too."
            )
        if status:
            sys.exit(status)


def _line(finding: CheckFinding) -> str:
    todo = f"\n{'':24}→ {finding.todo}" if finding.todo else ""
    return f"{finding.state:<7} {finding.check:<15} {finding.what}{todo}"
