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
from operations.demonstration.generator import Demonstration, last_midnight
from operations.demonstration.services import find_demonstration, is_whole
from operations.management.commands.demo import EVENTS
from operations.status import health

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
        os.execv(sys.executable, web.build_command(bind, env.int("WEB_WORKERS", default=2)))  # noqa: S606  our own program

    def say(self, line: str) -> None:
        self.stdout.write(f"{MARK}{line}")
        self.stdout.flush()

    def await_parts(self) -> None:
        """OpenSearch and Redis. Raises CommandError when one does not come."""
        for name, ask in (("OpenSearch", health.is_search_ready), ("Redis", health.is_queue_up)):
            self.say(f"Waiting for {name} …")
            if not health.wait_until(PATIENCE, ask):
                raise CommandError(
                    f"{name} does not answer after {PATIENCE} seconds; see its log, and its address in the settings."
                )

    def load_demonstration(self) -> None:
        """People and events, once; a loading that was stopped is taken up again, as of the day on which it began."""
        present = find_demonstration()
        if present is not None and (present.is_older or is_whole(present)):
            return
        try:
            call_command("demo_people", stdout=StringIO())
        except CommandError as refused:
            self.say(f"The demonstration is left out: {refused}")
            return
        try:
            demonstration = present or Demonstration(env.int("DEMO_EVENTS", default=EVENTS), 1, last_midnight())
        except ValueError as error:
            raise CommandError(f"{error} Set DEMO_EVENTS to as many, or DEMO=0.") from error
        self.say(
            f"Loading the {'rest of the ' if present else ''}demonstration, {demonstration.events:,} events in all, once "
            "(DEMO=0 leaves it out) …"
        )
        call_command(
            "demo",
            events=demonstration.events,
            seed=demonstration.seed,
            until=f"{demonstration.until:%Y-%m-%d}",
            days=demonstration.days,
            quiet=True,
            stdout=StringIO(),
        )
