"""Puts the trail's index template in place."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.connection import trail
from trail import mapping
from trail.errors import TrailError
from trail.maintenance import cluster_settings


class Command(BaseCommand):
    help = "Install the trail's index template. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--cluster-settings",
            action="store_true",
            help="put the settings that the trail counts on in force in the whole cluster",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            mapping.install(trail())
            if options["cluster_settings"]:
                cluster_settings.apply_settings(trail())
            different = cluster_settings.find_differences(trail())
        except TrailError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The template of {trail().prefix}-events is in place, version {mapping.VERSION}.")
        for name, (current, wanted) in different.items():
            self.stderr.write(
                f"The cluster's setting {name} is {current or 'not set'}, and should be {wanted}: run it with --cluster-settings."
            )
