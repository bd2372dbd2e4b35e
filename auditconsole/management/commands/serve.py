"""The web's part of the console: wait for the services, bring everything up to date, then serve."""

import os
import sys
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from auditconsole.environment import env
from auditconsole.local import web
from auditconsole.local.supervisor import MARK
from operations import health
from operations.demonstration.generate import Demonstration, midnight
from operations.management.commands.demo import EVENTS
from operations.services.demonstration import demonstration_in_the_trail, is_whole

PATIENCE = 120


class Command(BaseCommand):
    help = "Prepare the database, the trail and the pages, load the demonstration once, and serve."

    def handle(self, *args: Any, **options: Any) -> None:
        self.await_parts()
        call_command("migrate", verbosity=0)
        call_command("install_trail", verbosity=0, stdout=StringIO())
        call_command("starter_library", stdout=StringIO())
        call_command("collectstatic", interactive=False, verbosity=0)
        if env.bool("DEMO", default=True):
            self.load_demonstration()
        sys.stdout.flush()
        bind = f"{settings.WEB_HOST}:{settings.WEB_PORT}"
        os.execv(sys.executable, web.command(bind, env.int("WEB_WORKERS", default=2)))  # noqa: S606  our own program

    def say(self, line: str) -> None:
        self.stdout.write(f"{MARK}{line}")
        self.stdout.flush()

    def await_parts(self) -> None:
        """OpenSearch and Redis. Raises CommandError when one does not come."""
        for name, ask in (("OpenSearch", health.search_answers), ("Redis", health.queue_answers)):
            self.say(f"Waiting for {name} …")
            if not health.within(PATIENCE, ask):
                raise CommandError(
                    f"{name} does not answer after {PATIENCE} seconds; see its log, and its address in the settings."
                )

    def load_demonstration(self) -> None:
        """People and events, once; a loading that was stopped is taken up again, as of the day on which it began."""
        there = demonstration_in_the_trail()
        if there is not None and is_whole(there):
            return
        try:
            call_command("demo_people", stdout=StringIO())
        except CommandError as refused:
            self.say(f"The demonstration is left out: {refused}")
            return
        try:
            asked = there or Demonstration(env.int("DEMO_EVENTS", default=EVENTS), 1, midnight())
        except ValueError as error:
            raise CommandError(f"{error} Set DEMO_EVENTS to as many, or DEMO=0.") from error
        self.say(
            f"Loading the {'rest of the ' if there else ''}demonstration, {asked.events:,} events in all, once "
            "(DEMO=0 leaves it out) …"
        )
        call_command("demo", events=asked.events, seed=asked.seed, until=f"{asked.until:%Y-%m-%d}", days=asked.days,
                     quiet=True, stdout=StringIO())  # fmt: skip
