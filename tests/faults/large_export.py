"""Makes an export of some megabytes in the database that DATABASE_URL names, as a program, and signs its owner in.

Prints as JSON the key of a session, the address of the file, its digest and its length.
"""

import json

import django

django.setup()  # before anything that has models is imported

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402

from accounts.models import User  # noqa: E402
from tests.support.factories.cases import export, run  # noqa: E402
from tests.support.factories.events import use, write  # noqa: E402
from trail.connection import connect  # noqa: E402

EVENTS, LONG = 2_000, 4_000  # and characters of each: more than a socket holds


def main() -> None:
    trail = connect(settings.OPENSEARCH_URL, prefix=settings.TRAIL_PREFIX)
    write(trail, *(use("t", id=f"e{number}", labels={"note": "x" * LONG}) for number in range(EVENTS)))
    ada = User.objects.get(username="ada")
    made = export(ada, format="jsonl", run=run(ada, text="token.id:t"))
    client = Client()
    client.force_login(ada)
    words = {"session": client.cookies["sessionid"].value, "path": f"/exports/{made.public_id}/file/"}
    print(json.dumps(words | {"sha256": made.sha256, "size": made.size}))


if __name__ == "__main__":
    main()
