"""Lists the keys that the sealed log ever had, signed by the one that signs now, where an earlier version rotated it unsigned."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.command_line import get_admin
from operations.sealing import services as sealing
from operations.sealing.folder import LogDirectory
from trail.errors import TrailError


class Command(BaseCommand):
    help = "Say which keys of the sealed log count and from which size on, after an upgrade of a log whose key was rotated."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", required=True, metavar="USERNAME", help="the admin who does it, for the record")
        parser.add_argument(
            "--key",
            action="append",
            default=[],
            metavar="SIZE:KEY",
            help="the size from which a key signs, and the public key; each key of the log, the oldest first",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        by = get_admin(options["by"])
        if not options["key"]:
            listed = LogDirectory().keys.read_unsigned_lines()
            raise CommandError(
                "Nothing was changed. The folder's list, which nothing proves, is below: compare each key with the one that was "
                "handed out to those who check exports, and give all of them in this order with --key.\n"
                + "\n".join(f"--key {line.replace(' ', ':', 1)}" for line in listed)
            )
        try:
            sealing.pin_keys([given.replace(":", " ", 1) for given in options["key"]], by=by)
        except TrailError as error:
            raise CommandError(str(error)) from error
        self.stdout.write("The keys are listed and signed; keep_trail goes on by itself.")
