"""Let another key sign the sealed log. The change is itself an event of the trail, sealed under the key before."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.roles import may_curate
from operations.services import sealing
from trail.errors import TrailError


class Command(BaseCommand):
    help = "Make a new key for the sealed log; keep_trail takes it up as soon as the event that says so is sealed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", required=True, metavar="USERNAME", help="the admin who does it, for the record")

    def handle(self, *args: Any, **options: Any) -> None:
        by = User.objects.filter(username__iexact=options["by"]).first()
        if by is None or not may_curate(by):
            raise CommandError(f"{options['by']} is no admin here.")
        try:
            event_id = sealing.rotate_key(by=by)
        except TrailError as error:
            raise CommandError(f"{error} Run this again; as long as it fails the old key signs.") from error
        self.stdout.write(f"The new key signs once event {event_id} is sealed, within a second or so.")
