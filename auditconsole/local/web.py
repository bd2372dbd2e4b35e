"""How the pages are served: gunicorn's command line, and what it is told: say where to go when it really listens."""

import os
import sys
from typing import Any

from auditconsole.environment import env
from auditconsole.local.supervisor import MARK

accesslog = None
# A search is its address, and one with many values is long.
limit_request_line = 8_190
errorlog = "-"
loglevel = os.environ.get("LOG_LEVEL", "warning").lower()


def command(bind: str, workers: int) -> list[str]:
    """The web server's command line; `bind` is host and port."""
    return [
        sys.executable, "-m", "gunicorn", "auditconsole.wsgi", "--config", "python:auditconsole.local.web",
        "--bind", bind, "--worker-class", "gthread", "--workers", str(workers),
        "--threads", "8", "--graceful-timeout", "3", "--timeout", "120",
    ]  # fmt: skip


def when_ready(server: Any) -> None:
    """Gunicorn's hook: it listens from now on."""
    import django

    django.setup()
    from django.conf import settings

    address = f"http://{settings.WEB_HOST}:{settings.WEB_PORT}"
    print(f"{MARK}\n{MARK}The console is at {address}", flush=True)  # noqa: T201  for the person at the terminal
    for line in how_to_sign_in(address):
        print(f"{MARK}{line}", flush=True)  # noqa: T201
    print(f"{MARK}Ctrl-C stops everything.", flush=True)  # noqa: T201


def how_to_sign_in(address: str) -> list[str]:
    """For the demonstration its people; without an admin the link that makes the first one."""
    from django.urls import reverse

    from accounts.models import User
    from accounts.services import issue_first_admin_link

    if env.bool("DEMO", default=True) and User.objects.filter(username="alice").exists():
        return ["Sign in as alice (analyst), lea (lead), rae (viewer) or ada (admin); the password is: demonstration"]
    if (token := issue_first_admin_link()) is not None:
        return [
            "Make the first admin with this link, which works once:",
            f"{address}{reverse('first_admin', args=[token])}",
        ]
    return ["Sign in with your account."]
