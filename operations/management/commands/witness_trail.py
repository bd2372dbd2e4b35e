"""The witness (`python -m trail.witness`) for whoever has the console's code at hand; it needs neither settings nor database."""

import sys

from django.core.management.base import BaseCommand

from trail import witness


class Command(BaseCommand):
    help = (
        "Cosign the log's newest checkpoint if it went on from the last; on another machine than the log's. See --help."
    )

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(witness.main(argv[2:]))
