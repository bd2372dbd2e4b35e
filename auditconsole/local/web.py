"""Builds gunicorn's command line, and tells the person at the terminal where to go once it listens."""

import os
import sys
from typing import Any

from auditconsole.environment import env
from auditconsole.local.supervisor import HAS_TERMINAL, MARK, PRIVATE_MARK
from core.log_lines import SecretlessFormatter

accesslog = None
errorlog = "-"
loglevel = os.environ.get("LOG_LEVEL", "warning").lower()


def build_command(bind: str, workers: int) -> list[str]:
    """The web server's command line; `bind` is host and port."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "auditconsole.wsgi",
        "--config",
        "python:auditconsole.local.web",
        "--bind",
        bind,
        "--worker-class",
        "auditconsole.server.worker.BufferedWorker",
        "--workers",
        str(workers),
        "--graceful-timeout",
        "3",
        "--timeout",
        "120",
    ]


def on_starting(server: Any) -> None:
    """Gunicorn's hook: what it writes of requests that it cannot read holds no secret either, in its workers too."""
    for handler in server.log.error_log.handlers:
        handler.setFormatter(SecretlessFormatter(server.log.error_fmt, server.log.datefmt))


def when_ready(server: Any) -> None:
    """Gunicorn's hook: it listens from now on."""
    import django

    django.setup()
    from django.conf import settings

    address = f"http://{settings.WEB_HOST}:{settings.WEB_PORT}"
    print(f"{MARK}\n{MARK}The console is at {address}", flush=True)  # noqa: T201  for the person at the terminal
    for line in describe_sign_in(address, has_terminal=HAS_TERMINAL in os.environ):
        print(line, flush=True)  # noqa: T201
    print(f"{MARK}Ctrl-C stops everything.", flush=True)  # noqa: T201


def describe_sign_in(address: str, *, has_terminal: bool) -> list[str]:
    """For the demonstration its people; without an admin the link that makes the first one, where only a person reads it."""
    from django.conf import settings
    from django.urls import reverse

    from accounts.models import User
    from accounts.services import has_admin, issue_first_admin_link

    if env.bool("DEMO", default=True) and User.objects.filter(username="alice").exists():
        if not settings.LISTENS_ON_LOOPBACK:
            return [
                f"{MARK}The demonstration's people cannot sign in while the console is reached from other machines."
            ]
        return [
            f"{MARK}Sign in as alice (analyst), lea (lead), rae (viewer) or ada (admin); the password is: demonstration"
        ]
    if has_admin():
        return [f"{MARK}Sign in with your account."]
    if not has_terminal:
        return [f"{MARK}There is no admin yet; manage.py first_admin prints a link that makes the first one."]
    return [
        f"{MARK}Make the first admin with this link, which works once:",
        f"{PRIVATE_MARK}{address}{reverse('first_admin', args=[issue_first_admin_link()])}",
    ]
