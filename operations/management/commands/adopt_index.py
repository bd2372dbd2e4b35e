"""Lets sealing go on with an index that was restored from a snapshot, after every event in it was compared."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.command_line import get_admin
from operations.sealing import services as sealing
from trail.errors import TrailError


class Command(BaseCommand):
    help = "Go on sealing a restored index, after every sealed event in it was compared with the log."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("index")
        parser.add_argument("--reason", required=True, help="kept with the record of it")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="the admin who does it, for the record")

    def handle(self, *args: Any, **options: Any) -> None:
        by = get_admin(options["by"])
        try:
            compared, lost = sealing.adopt_index(options["index"], by=by, reason=options["reason"])
        except TrailError as error:
            raise CommandError(f"{error} Nothing was changed.") from error
        self.stdout.write(f"Adopted: {compared:,} events are as they were sealed, {lost:,} are not there.")
