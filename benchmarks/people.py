"""Measures how long fifty people wait who search, open tokens and users, and read for three seconds in between.

    python -m benchmarks.people --url http://127.0.0.1:8400 --sign-in alice,bob,charlie --password demonstration

does the same with a console that runs already; its people then share those accounts.
"""

import argparse
import http.client
import itertools
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from benchmarks.figures import Figures, Waits, line_of
from benchmarks.neighbours import Visitor, make_session, run_console
from benchmarks.stage import Stage
from operations.demonstration.incident import make_tokens

PEOPLE, SECONDS, PAUSE, MOST = 50, 60.0, 3.0, 1_000.0
USERS = 100
_CSRF = "a" * 32
Choose = Callable[[random.Random], str]


@dataclass
class Load:
    """What people met: how many milliseconds each page took, and what went wrong."""

    milliseconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def build_figure(self, name: str) -> Waits:
        """The line of the table: the median, the 95th percentile and the greatest, and no error."""
        return Waits(name, self.milliseconds, MOST, part=0.95, errors=len(self.errors))


def measure_people(stage: Stage) -> Figures:
    """A minute of them on two web processes, each an analyst of their own, this program beside them on the same machine."""
    with run_console(stage.folder) as console:
        visitors = [Visitor(console.port, make_session(f"person-{number}")) for number in range(PEOPLE)]
        load = run_people(visitors, list_choices(stage.demonstration.seed), seconds=SECONDS)
    for error in sorted(set(load.errors)):
        sys.stderr.write(f"{load.errors.count(error)} times: {error}\n")
    yield load.build_figure(f"{PEOPLE} people, {PAUSE:.0f} s pauses")


def list_choices(seed: int) -> list[Choose]:
    """What a person opens next: a search, a token or a user of the demonstration, each as often."""
    leaked = make_tokens(seed)[0].id
    return [
        lambda chance: "/?" + urlencode({"q": f"user.id:{_choose_user(chance)}", "wait": "1"}),
        lambda chance: (
            f"/tokens/{chance.choice((leaked, f'tok_usr_{chance.randrange(USERS):04}_{chance.randrange(5)}'))}/"
        ),
        lambda chance: f"/users/{_choose_user(chance)}/",
    ]


def _choose_user(chance: random.Random) -> str:
    return f"usr_{chance.randrange(USERS):04}"


def run_people(visitors: Sequence[Visitor], choices: Sequence[Choose], *, seconds: float, pause: float = PAUSE) -> Load:
    """Each visitor opens a page, reads for a while, and opens the next, until the time is over."""
    load, ending = Load(), threading.Event()
    threads = [
        threading.Thread(target=_browse, args=(visitor, choices, number, pause, load, ending))
        for number, visitor in enumerate(visitors)
    ]
    for thread in threads:
        thread.start()
    ending.wait(seconds)
    ending.set()
    for thread in threads:
        thread.join()
    return load


def _browse(
    visitor: Visitor, choices: Sequence[Choose], number: int, pause: float, load: Load, ending: threading.Event
) -> None:
    chance = random.Random(number)
    ending.wait(chance.uniform(0, pause))  # people do not begin together
    for choose in itertools.islice(itertools.cycle(choices), number % len(choices), None):
        if ending.is_set():
            return
        path, began = choose(chance), time.perf_counter()
        try:
            if (status := visitor.ask("GET", path)) != 200:
                load.errors.append(f"status {status}")
        except (http.client.HTTPException, OSError) as error:
            load.errors.append(type(error).__name__)
        load.milliseconds.append((time.perf_counter() - began) * 1_000)
        ending.wait(chance.uniform(0.5 * pause, 1.5 * pause))


# --- A console that runs already -------------------------------------------------------------------------------------


def sign_in(port: int, name: str, password: str) -> Visitor:
    """A visitor who has signed in by the form. Raises RuntimeError where the console does not let them in."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    form = urlencode({"login": name, "password": password, "csrfmiddlewaretoken": _CSRF})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={_CSRF}"}
    connection.request("POST", "/accounts/login/", form, headers)
    response = connection.getresponse()
    response.read()
    cookies = " ".join(response.headers.get_all("Set-Cookie") or ())
    if not (session := re.search(r"sessionid=(\w+)", cookies)):
        raise RuntimeError(f"{name} was not let in: the console answered with {response.status}.")
    return Visitor(port, session[1])


def main() -> int:
    """Exit status: 0 when the aim was met, else 1."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.people", description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--sign-in", default="alice", help="accounts that the people share, with commas between")
    parser.add_argument("--password", required=True)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=1, help="of the demonstration")
    options = parser.parse_args()
    port, names = urlsplit(options.url).port or 80, options.sign_in.split(",")
    sessions = {name: sign_in(port, name, options.password).cookies for name in names}
    visitors = [Visitor(port, sessions[names[number % len(names)]]) for number in range(options.people)]
    load = run_people(visitors, list_choices(options.seed), seconds=options.seconds)
    figure = load.build_figure(f"{options.people} people, {PAUSE:.0f} s pauses")
    for error in sorted(set(load.errors)):
        sys.stdout.write(f"{load.errors.count(error)} times: {error}\n")
    sys.stdout.write(f"{line_of(figure)}\n{len(load.milliseconds)} pages\n")
    return 0 if figure.met else 1


if __name__ == "__main__":
    sys.exit(main())
