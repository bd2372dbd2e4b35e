"""Measures whole pages, from the request to the last byte over HTTP, beside their own requests to the engine sent raw."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import psutil

from benchmarks import bare
from benchmarks.figures import Aim, Figures, Latency
from benchmarks.neighbours import Console, Visitor, run_console
from benchmarks.pages import list_questions, recorded
from benchmarks.pairs import measure_pairs
from benchmarks.stage import Stage, answering_anew
from operations.demonstration.incident import make_tokens

AIM = Aim(at_most=2.0)
PAGES_A_ROUND = 10  # a process's clock counts in hundredths of a second


@dataclass(frozen=True, slots=True)
class WholePage:
    """A page: its address, the question that it asks by its name among those of `pages`, and the processor time it may take."""

    name: str
    path: str
    question: str
    most: float  # milliseconds


def measure_whole_pages(stage: Stage, *, rounds: int) -> Figures:
    """For each page: request to last byte ÷ its requests to the engine alone; the web processes' time; the requests' time."""
    with answering_anew(stage), run_console(stage.folder) as console:
        for page in _list_pages(stage):
            yield from _measure_page(stage, console, page, rounds)


def _list_pages(stage: Stage) -> list[WholePage]:
    leaked = make_tokens(stage.demonstration.seed)[0].id
    search = urlencode({"f": ["user.id:usr_0001", "token.kind:user"], "wait": "1"}, doseq=True)
    return [
        WholePage("search page", f"/?{search}", "search: one user's tokens", 50),
        WholePage("user page", "/users/usr_0001/", "user page", 80),
        WholePage("token page", f"/tokens/{leaked}/", "token page", 30),
    ]


def _measure_page(stage: Stage, console: Console, page: WholePage, rounds: int) -> Figures:
    visitor, raw = console.visitor("bob"), bare.Raw(stage.url)
    with recorded(stage.trail) as sent:
        list_questions(stage)[page.question](stage.trail)
    requests = list(sent)

    def ours() -> None:
        open_page(visitor, page.path)

    def sent_raw() -> None:
        for method, path, body in requests:
            raw.send(method, path, body)

    pairs = measure_pairs(f"whole {page.name}", AIM, ours=ours, bare=sent_raw, rounds=rounds)
    yield pairs
    yield Latency(f"whole {page.name}, processor", list(_list_processor_times(ours, rounds)), page.most)
    yield Latency(f"whole {page.name}, wall", [whole * 1_000 for whole, _ in pairs.seconds])
    yield Latency(f"its {len(requests)} requests alone", [alone * 1_000 for _, alone in pairs.seconds])


def open_page(visitor: Visitor, path: str) -> None:
    """Read a page to its last byte. Raises RuntimeError where it is no answer."""
    status = visitor.ask("GET", path)
    if status != 200:
        raise RuntimeError(f"{path} was answered by {status}.")


def _list_processor_times(work: Callable[[], None], rounds: int) -> Iterator[float]:
    """Milliseconds of all web processes together for one page, in each round."""
    processes = _find_web_processes()
    for _ in range(rounds):
        before = _sum_times(processes)
        for _ in range(PAGES_A_ROUND):
            work()
        yield (_sum_times(processes) - before) * 1_000 / PAGES_A_ROUND


def _find_web_processes() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "gunicorn" in " ".join(child.cmdline())]


def _sum_times(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)
