"""Rotates the key that signs the console's own records; the change is itself a record, signed by the key before."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.command_line import get_admin
from operations.sealing import record_keys
from trail.errors import TrailError


class Command(BaseCommand):
    help = "Make a new key for the console's own records, with which every process of this machine signs at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", required=True, metavar="USERNAME", help="the admin who does it, for the record")

    def handle(self, *args: Any, **options: Any) -> None:
        by = get_admin(options["by"])
        try:
            event_id = record_keys.rotate_key(by=by)
        except TrailError as error:
            raise CommandError(f"{error} Run this again; as long as it fails the old key signs.") from error
        self.stdout.write(f"Records are signed with a new key, as event {event_id} says.")
