"""Prepares the database that DATABASE_URL names for a web server, as a program: tables, an admin, a key for each format that is named.

Prints the keys, in the order of the formats.
"""

import sys

import django

django.setup()  # before anything that has models is imported

from django.core.management import call_command  # noqa: E402

from accounts.services import make_first_admin  # noqa: E402
from operations.writers.keys import make_key  # noqa: E402


def main(formats: list[str]) -> None:
    call_command("migrate", verbosity=0)
    ada = make_first_admin(username="ada", password="correct horse battery", name="Ada")
    for format in formats:
        _, shown = make_key(name=format, scope="events:write", by=ada, writer="tokens-1", dataset="test", format=format)
        print(shown)


if __name__ == "__main__":
    main(sys.argv[1:])
