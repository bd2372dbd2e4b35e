"""Make a writer's key from the command line. It is printed once and kept nowhere."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.roles import may_curate
from operations.forms.keys import KeyForm
from operations.models import Scope
from operations.services import keys
from trail.errors import TrailError


class Command(BaseCommand):
    help = "Make a key with which a program writes events, reads metrics or the log, or asks the trail, and print it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what it is for")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="the admin who makes it, for the record")
        parser.add_argument("--scope", choices=Scope.values, default=Scope.WRITE.value)
        parser.add_argument("--writer", default="", help="the writer.id of its events")
        parser.add_argument("--dataset", default="", help="the one event.dataset that it may write")
        parser.add_argument("--format", default="ecs", help="how records that shippers send are read")

    def handle(self, *args: Any, **options: Any) -> None:
        by = User.objects.filter(username__iexact=options["by"]).first()
        if by is None or not may_curate(by):
            raise CommandError(f"{options['by']} is no admin here.")
        form = KeyForm({name: options[name] for name in KeyForm.base_fields})
        if not form.is_valid():
            raise CommandError(
                " ".join(f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items())
            )
        try:
            _, shown = keys.make(**form.cleaned_data, by=by)
        except TrailError as error:
            raise CommandError(f"{error} No key was made.") from error
        self.stdout.write(shown)
