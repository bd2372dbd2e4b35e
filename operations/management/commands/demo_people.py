"""Makes the demonstration's people."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.known_passwords import DEMONSTRATION as PASSWORD
from accounts.models import User
from accounts.roles import Role
from accounts.services import create_user

PEOPLE = {
    "alice": Role.ANALYST, "bob": Role.ANALYST, "charlie": Role.ANALYST, "rae": Role.VIEWER, "lea": Role.LEAD, "ada": Role.ADMIN,
}  # fmt: skip


class Command(BaseCommand):
    help = "Make alice, bob, charlie, rae, lea and ada with a known password. Refused where real people work."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.LISTENS_ON_LOOPBACK:
            raise CommandError(
                "its people have a password that everybody knows, and this console is reached from other machines "
                "(WEB_HOST, ALLOWED_HOSTS, BEHIND_TLS)."
            )
        if others := User.objects.exclude(username__in=PEOPLE).values_list("username", flat=True).first():
            raise CommandError(
                f"{others} works here: a console that people use gets no accounts with a known password."
            )
        here = set(User.objects.values_list("username", flat=True))
        new = [name for name in PEOPLE if name not in here]
        for name in new:
            create_user(username=name, password=PASSWORD, role=PEOPLE[name], name=name.capitalize())
        self.stdout.write(f"{len(new)} people made, {len(here)} were there.")
