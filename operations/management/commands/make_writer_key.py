"""Makes a writer key and prints it once; only its SHA-256 is kept."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.command_line import get_admin
from operations.models import KeyScope
from operations.writers import keys
from operations.writers.forms import KeyForm
from trail.errors import TrailError


class Command(BaseCommand):
    help = "Make a key with which a program writes events, reads metrics or the log, or asks the trail, and print it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what it is for")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="the admin who makes it, for the record")
        parser.add_argument("--scope", choices=KeyScope.values, default=KeyScope.WRITE.value)
        parser.add_argument("--writer", default="", help="the writer.id of its events")
        parser.add_argument("--dataset", default="", help="the one event.dataset that it may write")
        parser.add_argument("--format", default="ecs", help="how records that shippers send are read")

    def handle(self, *args: Any, **options: Any) -> None:
        by = get_admin(options["by"])
        form = KeyForm({name: options[name] for name in KeyForm.base_fields})
        if not form.is_valid():
            raise CommandError(
                " ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items())
            )
        try:
            _, shown = keys.make_key(**form.cleaned_data, by=by)
        except TrailError as error:
            raise CommandError(f"{error} No key was made.") from error
        self.stdout.write(shown)
