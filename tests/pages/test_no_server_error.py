"""No request makes the console fail while its parts are up: hostile words in every address, form, header and body."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import NoReverseMatch, Resolver404, get_resolver, resolve, reverse
from pytest_django import Settings
from selectolax.lexbor import LexborHTMLParser

from accounts.models import User
from tests.pages.test_every_address import ABOUT, FOR_ADMINS, address_of
from tests.support.hostile_requests import (
    VALUES,
    HostileRequest,
    NameRecorder,
    Words,
    make_requests,
    vary_names,
)
from tests.support.pages import bytes_of
from tests.support.views import walk_patterns
from tests.support.world import World

# `make hostile` asks for all of it, which takes minutes.
WHOLE = os.environ.get("HOSTILE") == "whole"
COUNT = 60 if WHOLE else 4  # requests of each view with hostile words mixed
PATHS = len(VALUES) if WHOLE else 6  # hostile paths of each view
NAMES = 60  # of one view and method, at most
PAGES = 150 if WHOLE else 70  # to read links and forms from
UNSAFE = {"account_logout", "admin:logout"}  # ends the session of whoever reads links


# What was an error once.
ONCE = [
    ("GET", "/users/mallory/values/source.ip/", {"after": ["W10="]}),
    ("POST", "/snippets/", {"snippet": ["9" * 5_000], "name": ["a"], "text": ["b"]}),
    ("GET", "/search/filter/", {"q": ["\0"]}),
    ("GET", "/api/v1/search", {"size": ["000000001" + "9" * 5_000]}),
    ("GET", f"/indicators/{'a' * 300}/", {}),
]


@dataclass
class Known:
    """What is known of a view: good paths to it, and the words that its links and forms hold."""

    paths: list[str] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)


def test_no_request_of_any_kind_is_a_server_error(
    client: Client, world: World, alice: User, ada: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_RATE = settings.API_UNDER_WAY = 100_000
    client.raise_request_exception = False
    known = read_views(client, world, (alice, ada))
    wrong: list[str] = []
    counts: Counter[str] = Counter()
    for number, (view, about) in enumerate(sorted(known.items())):
        recorder = NameRecorder()
        with recorder.watch(monkeypatch):
            client.force_login(ada if number % 2 or view.startswith("admin:") or view in FOR_ADMINS else alice)
            for request in list_requests(view, about, recorder):
                recorder.method = request.method
                counts[view] += 1
                wrong += [fault for fault in [send(client, request)] if fault]
    assert not wrong, "\n".join(wrong)
    assert len(known) > 120
    assert counts.total() > 1_200


@pytest.mark.parametrize(("method", "path", "words"), ONCE, ids=lambda part: str(part)[:40])
def test_what_was_an_error_once_is_an_answer(
    client: Client, world: World, alice: User, method: str, path: str, words: Words
) -> None:
    client.force_login(alice)
    assert HostileRequest(method, path, words, {}).send(client).status_code in (400, 404)


def list_requests(view: str, about: Known, recorder: NameRecorder) -> Iterator[HostileRequest]:
    """Every name that the view reads with every value that breaks readers, then hostile paths, then a mixture of all."""
    good = max(about.words, key=len, default={})
    for method in ("GET", "POST"):
        yield HostileRequest(method, about.paths[0], good, {})
        varied: set[str] = set()
        # A view may read further names when others hold something good.
        while len(varied) < NAMES and (
            new := (recorder.names[method] | good.keys()) - varied - {"csrfmiddlewaretoken"}
        ):
            varied |= new
            yield from vary_names(method, about.paths[0], good, sorted(new), whole=WHOLE)
    for number, path in enumerate(islice(hostile_paths(view, about.paths), PATHS)):
        yield HostileRequest("GET" if number % 3 else "POST", path, {}, {})
    for number in range(COUNT):
        words = about.words[number % len(about.words)] if about.words else {}
        path = about.paths[number % len(about.paths)]
        yield from make_requests(f"{view} {number}", path, words, recorder.names["GET"] | recorder.names["POST"], 1)


def hostile_paths(view: str, good: list[str]) -> Iterator[str]:
    """The path with a hostile value in the place of each of its values."""
    if not good:
        return
    match = resolve(good[0])
    values = [*match.args, *match.kwargs.values()]
    for number, hostile in enumerate(VALUES if values else ()):
        arguments = [hostile if place == number % len(values) else value for place, value in enumerate(values)]
        try:
            yield reverse(view, args=arguments)
        except (NoReverseMatch, ValueError, AttributeError, StopIteration):
            continue


def send(client: Client, request: HostileRequest) -> str:
    """What went wrong; empty when nothing did."""
    try:
        answer = request.send(client)
        bytes_of(answer)
    except ConnectionResetError:  # ingest breaks off where a program without a key would send on
        return ""
    if answer.status_code < 500 or (answer.status_code == 503 and request.path == reverse("status")):
        return ""  # the status page answers so when a part is down, and no keeper runs here
    error = getattr(answer, "exc_info", None)
    return f"{answer.status_code} {error and repr(error[1])[:200]} for {request}"


def read_views(client: Client, world: World, people: tuple[User, ...]) -> dict[str, Known]:
    """Every view there is, with what the console's own pages say of how it is asked."""
    known: dict[str, Known] = defaultdict(Known)
    for name in ABOUT:
        known[name].paths.append(address_of(world, name))
    for route, pattern in walk_patterns(get_resolver().url_patterns):
        name = f"admin:{pattern.name}" if route.startswith("admin/") else pattern.name
        if name and "<" not in route and "(" not in route:
            known[name].paths.append(reverse(name))
        elif name:
            known[name]
    for person in people:
        client.force_login(person)
        queue = [path for about in list(known.values()) for path in about.paths]
        read: set[str] = set()
        while queue and len(read) < PAGES:
            address = queue.pop(0)
            if address in read or name_of(address) in UNSAFE:
                continue
            read.add(address)
            answer = client.get(address, headers={"User-Agent": "a browser"})
            content = bytes_of(answer)
            if "html" in answer.get("Content-Type", "") and answer.status_code == 200:
                for path, words in read_targets(address, content):
                    if name := name_of(path):
                        add(known[name], path, words)
    return {name: about for name, about in known.items() if about.paths}


def add(about: Known, path: str, words: Words) -> None:
    if path not in about.paths and len(about.paths) < 3:
        about.paths.append(path)
    if words and len(about.words) < 40 and words.keys() not in [other.keys() for other in about.words]:
        about.words.append(words)


def read_targets(address: str, content: bytes) -> Iterator[tuple[str, Words]]:
    """Where the links and the forms of a page lead, with the words they send."""
    page = LexborHTMLParser(content)
    for link in page.css("a[href], [hx-get], [hx-post]"):
        for name in ("href", "hx-get", "hx-post"):
            if text := link.attributes.get(name):
                parts = urlsplit(urljoin(address, text))
                yield parts.path, parse_qs(parts.query, keep_blank_values=True)
    for form in page.css("form"):
        words: Words = {}
        for box in form.css("[name]"):
            if (name := box.attributes.get("name")) and name != "csrfmiddlewaretoken":
                words.setdefault(name, []).append(box.attributes.get("value") or "")
        parts = urlsplit(urljoin(address, form.attributes.get("action") or ""))
        yield parts.path, words


def name_of(path: str) -> str | None:
    """The view's name; None where there is none."""
    try:
        match = resolve(urlsplit(path).path)
    except Resolver404:
        return None
    return match.view_name
