"""Runs the witness (`python -m trail.witness`) as a command; it needs neither settings nor database."""

import sys

from django.core.management.base import BaseCommand

from trail.witness import program


class Command(BaseCommand):
    help = (
        "Cosign the log's newest checkpoint if it went on from the last; on another machine than the log's. See --help."
    )

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(program.main(argv[2:]))
