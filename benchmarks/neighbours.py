"""Measures how long a colleague's search takes while one analyst asks for as much as one can, beside the same search alone."""

import http.client
import itertools
import os
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.management import call_command

from auditconsole.local import redis as local_redis
from auditconsole.local import web
from auditconsole.local.ports import find_free_port, is_free
from auditconsole.local.processes import run_program
from auditconsole.management.commands.console import STARTED_BY_PEOPLE, build_worker
from benchmarks.figures import Aim, Figures, Pairs
from benchmarks.stage import Stage, answering_anew
from core.errors import Busy

AIM = Aim(at_most=1.5)
AT_ONCE, RUNS, INDICATORS = 16, 150, 10_000
SEARCHES_A_ROUND = 7
# What patterns look for: parts of many clients and paths, so that each event that holds them is looked at.
PIECES = (
    "plat",
    "form",
    "curl",
    "pyth",
    "python",
    "java",
    "chro",
    "moz",
    "app",
    "tok",
    "serv",
    "api",
    "apps",
    "net",
    "http",
)
UNDER_WAY_AFTER = 3.0  # seconds
WEB_PROCESSES = "2"


@dataclass
class Visitor:
    """A person with a browser: a session, and a connection that is kept."""

    port: int
    cookies: str
    csrf: str = "a" * 32

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> int:
        """Send one request and read its answer whole; the status."""
        headers = {"Cookie": f"sessionid={self.cookies}; csrftoken={self.csrf}"}
        body = None
        if form is not None:
            headers |= {
                "Content-Type": "application/x-www-form-urlencoded",
                "Referer": f"http://127.0.0.1:{self.port}/",
            }
            body = urlencode(form | {"csrfmiddlewaretoken": self.csrf})
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            response.read()
        except (http.client.HTTPException, OSError):
            self.connection.close()
            raise
        return response.status


@dataclass
class Console:
    """The web processes and the worker as the console starts them, with two analysts."""

    port: int
    sessions: dict[str, str]

    def visitor(self, name: str) -> Visitor:
        return Visitor(self.port, self.sessions[name])


def measure_neighbours(stage: Stage, *, rounds: int) -> Figures:
    """For each load: a colleague's search while it goes on ÷ the same search before it."""
    with answering_anew(stage), run_console(stage.folder) as console:
        for name, load in LOADS.items():
            yield Pairs(f"search beside {name}", AIM, [_measure_pair(console, load) for _ in range(rounds)])


def _measure_pair(console: Console, load: Callable[[Console], Any]) -> tuple[float, float]:
    alone = _measure_search(console)
    with load(console):
        time.sleep(UNDER_WAY_AFTER)
        return _measure_search(console), alone


_users = itertools.count()


def _measure_search(console: Console) -> float:
    """The median seconds of a search page that bob opens, each time of another user."""
    visitor, took = console.visitor("bob"), []
    for _ in range(SEARCHES_A_ROUND):
        began = time.perf_counter()
        status = visitor.ask("GET", "/?" + urlencode({"q": f"user.id:usr_{next(_users) % 100:04}"}))
        took.append(time.perf_counter() - began)
        if status != 200:
            raise RuntimeError(f"The colleague's search was answered by {status}.")
    return statistics.median(took)


# --- What one analyst does -------------------------------------------------------------------------------------------


@contextmanager
def _repeat_at_once(console: Console, ask: Callable[[Visitor, random.Random], int]) -> Iterator[None]:
    """AT_ONCE tabs of alice, each of which asks again as soon as it was answered, or when it was told to after it was refused."""
    ending = threading.Event()

    def work(number: int) -> None:
        visitor, chance = console.visitor("alice"), random.Random(number)
        while not ending.is_set():
            status = ask(visitor, chance)
            if status == 429:
                ending.wait(Busy.RETRY_SECONDS)
            elif status >= 400:
                raise RuntimeError(f"What the analyst asked was answered by {status}.")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()


def _search_by_wildcards(visitor: Visitor, chance: random.Random) -> int:
    first, second, third = chance.sample(PIECES, 3)
    patterns = f"user_agent.original:*{first}*{second}* OR url.path:*{third}* OR user_agent.original:*{third}*"
    return visitor.ask("GET", "/?" + urlencode({"q": patterns, "wait": "1"}))


def _send_indicators(visitor: Visitor, chance: random.Random) -> int:
    return visitor.ask("POST", "/indicators/", {"indicators": _make_list(chance.randrange(4))})


@cache
def _make_list(number: int) -> str:
    """Some addresses, made once: what the analyst's own machine does is none of the console's work."""
    return "\n".join(f"10.{number}.{index // 256}.{index % 256}" for index in range(INDICATORS))


@contextmanager
def _start_runs(console: Console) -> Iterator[None]:
    visitor = console.visitor("alice")
    for number in range(RUNS):
        status = visitor.ask("POST", "/runs/start/", {"q": f"user.id:usr_{number:04}", "title": f"Run {number}"})
        if status not in (200, 302):
            raise RuntimeError(f"A run was answered by {status}.")
    yield


LOADS: dict[str, Callable[[Console], Any]] = {
    "16 tabs of wildcards": lambda console: _repeat_at_once(console, _search_by_wildcards),
    "16 lists of 10,000": lambda console: _repeat_at_once(console, _send_indicators),
    "150 small runs": _start_runs,
}


# --- The console -----------------------------------------------------------------------------------------------------


@contextmanager
def run_console(folder: Path) -> Iterator[Console]:
    """Redis, the web processes and the worker, over the stage's trail."""
    server = local_redis.RedisServer(folder / "q")
    os.environ["REDIS_URL"] = settings.REDIS_URL = server.url
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    port = find_free_port()
    within = ["env", f"PYTHONPATH={settings.BASE_DIR}", "PAGE_SECONDS=30"]
    celery = [sys.executable, "-m", "celery", "--app", "auditconsole", "--workdir", str(settings.BASE_DIR)]
    with ExitStack() as programs:
        programs.enter_context(local_redis.run_server(server))
        sessions = {name: make_session(name) for name in ("alice", "bob")}
        _start(programs, folder, "web", [*within, *web.build_command(f"127.0.0.1:{port}", int(WEB_PROCESSES))], port)
        log = folder / "worker.log"
        _start(programs, folder, "worker", [*within, *celery, *build_worker(STARTED_BY_PEOPLE, "2")], None, log=log)
        yield Console(port, sessions)


def _start(
    programs: ExitStack, folder: Path, name: str, command: list[str], port: int | None, log: Path | None = None
) -> None:
    def answers() -> bool:
        return not is_free(port) if port is not None else log is not None and " ready." in log.read_text()

    programs.enter_context(run_program(command, name=name, log=log or folder / f"{name}.log", answers=answers))


def make_session(name: str) -> str:
    """An analyst who is signed in; the key of the session."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from accounts.models import User
    from accounts.roles import Role
    from accounts.services import create_user

    user = User.objects.filter(username=name).first() or create_user(
        username=name, password="correct horse battery", role=Role.ANALYST, name=name.capitalize()
    )
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)
