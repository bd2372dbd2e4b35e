"""Make the first admin: by a link that works once, or by a prompt."""

import getpass
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from accounts import services
from accounts.forms import FirstAdminForm


class Command(BaseCommand):
    help = "Print a one-time link that makes the first admin, or with --prompt ask here."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--prompt", action="store_true", help="ask for username and password on this terminal")

    def handle(self, *args: Any, **options: Any) -> None:
        if services.has_admin():
            raise CommandError("There is an admin already; they make further accounts under Admin.")
        if options["prompt"]:
            self.prompt()
            return
        token = services.issue_first_admin_link()
        address = f"http://{settings.WEB_HOST}:{settings.WEB_PORT}{reverse('first_admin', args=[token])}"
        self.stdout.write(f"Open this link within 24 hours; it works once:\n\n  {address}\n")

    def prompt(self) -> None:
        form = FirstAdminForm(
            {
                "username": input("Username: "),
                "name": input("Your name: "),
                "password": getpass.getpass("Password: "),
                "again": getpass.getpass("Password again: "),
            }
        )
        if not form.is_valid():
            raise CommandError(" ".join(str(error) for errors in form.errors.values() for error in errors))
        values = form.cleaned_data
        services.make_first_admin(username=values["username"], password=values["password"], name=values["name"])
        self.stdout.write(f"{values['username']} is the admin.")
