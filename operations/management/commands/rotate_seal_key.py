"""Rotates the key that signs the sealed log; the change is itself an event of the trail, sealed under the key before."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.command_line import get_admin
from operations.sealing import services as sealing
from trail.errors import TrailError


class Command(BaseCommand):
    help = "Make a new key for the sealed log; keep_trail takes it up as soon as the event that says so is sealed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", required=True, metavar="USERNAME", help="the admin who does it, for the record")

    def handle(self, *args: Any, **options: Any) -> None:
        by = get_admin(options["by"])
        try:
            event_id = sealing.rotate_key(by=by)
        except TrailError as error:
            raise CommandError(f"{error} Run this again; as long as it fails the old key signs.") from error
        self.stdout.write(f"The new key signs once event {event_id} is sealed, within a second or so.")
