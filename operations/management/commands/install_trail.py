"""Put the trail's index template in place."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.journal import trail
from trail import mapping
from trail.errors import TrailError


class Command(BaseCommand):
    help = "Install the trail's index template. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            mapping.install(trail())
        except TrailError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The template of {trail().prefix}-events is in place, version {mapping.VERSION}.")
