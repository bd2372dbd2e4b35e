"""The embedded engine answers to the console alone: not to another account of the machine, and not to a page on another origin."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import requests

from auditconsole.local import distribution, engine_plugin
from auditconsole.local.errors import CannotStart
from tests.support.factories.events import event, write
from trail.connection import Trail

CONSOLE = ("console", os.environ["OPENSEARCH_PASSWORD"])
# What a page on another origin can send without being asked first (the Fetch standard's "simple" requests), and what it cannot.
STRANGERS: dict[str, dict[str, Any]] = {
    "another account": {},
    "another account that guesses": {"auth": ("console", "guessed")},
    "another account that knows how long the password is": {"auth": ("console", "x" * len(CONSOLE[1]))},
    "a page": {"headers": {"Origin": "https://evil.example", "Content-Type": "text/plain"}},
    "a page without an origin": {"headers": {"Origin": "null", "Content-Type": "text/plain"}, "auth": CONSOLE},
    "a page whose name was given this address": {"headers": {"Host": "evil.example"}, "auth": CONSOLE},
    "a name that begins as ours does": {"headers": {"Host": "127.0.0.1.evil.example:9200"}, "auth": CONSOLE},
}
REQUESTS = [
    ("POST", "/_close"),
    ("POST", "/_all/_close"),
    ("GET", "/"),
    ("GET", "/_cat/indices"),
    ("GET", "/_cluster/health"),
    ("GET", "/{events}/_search"),
    ("HEAD", "/{events}"),
    ("DELETE", "/{events}"),
    ("PUT", "/strangers-index"),
    ("POST", "/_bulk"),
    ("POST", "/_scripts/painless/_execute"),
    ("PUT", "/_cluster/settings"),
]


@pytest.mark.parametrize("stranger", STRANGERS)
def test_a_stranger_is_refused_whatever_is_asked_and_every_month_stays_open(
    stranger: str, node: str, trail: Trail
) -> None:
    write(trail, event(), event())
    for method, path in REQUESTS:
        answer = requests.request(method, node + path.format(events=trail.events), **STRANGERS[stranger])
        assert (answer.status_code, trail.prefix in answer.text) == (403, False), (method, path, answer.text)
    trail.client.indices.refresh(index=trail.events)
    assert trail.client.count(index=trail.events)["count"] == 2
    (month,) = trail.client.cat.indices(index=f"{trail.prefix}-*", params={"format": "json", "expand_wildcards": "all"})
    assert month["status"] == "open"


def test_the_console_is_answered(node: str) -> None:
    for host in ("127.0.0.1:9200", "localhost", "[::1]:1"):
        assert requests.get(node, auth=CONSOLE, headers={"Host": host}).status_code == 200


def engine_process(node: str) -> psutil.Process:
    port = urlsplit(node).port
    (listening,) = (
        place for place in psutil.net_connections("tcp") if place.status == "LISTEN" and place.laddr.port == port
    )
    return psutil.Process(listening.pid)


def test_it_listens_on_one_port_of_loopback_and_for_no_other_node(node: str) -> None:
    listening = [place.laddr for place in engine_process(node).net_connections("tcp") if place.status == "LISTEN"]
    assert [(address.ip.removeprefix("::ffff:"), address.port) for address in listening] == [
        ("127.0.0.1", urlsplit(node).port)
    ]


def test_its_password_is_not_where_other_accounts_look(node: str) -> None:
    assert CONSOLE[1] not in " ".join(engine_process(node).cmdline())
    settings = requests.get(f"{node}/_nodes/_all/settings,jvm", auth=CONSOLE)
    assert settings.status_code == 200
    assert CONSOLE[1] not in settings.text


def test_a_plugin_that_does_not_compile_keeps_the_console_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution.build_class_path()
    for part in ("jars", "modules"):
        (tmp_path / part).symlink_to(distribution.get_folder() / part)
    source = tmp_path / "LocalAccessPlugin.java"
    source.write_text("package auditconsole; class LocalAccessPlugin extends Nothing {}")
    monkeypatch.setattr(engine_plugin, "SOURCE", source)
    with pytest.raises(CannotStart, match="could not be compiled"):
        engine_plugin.build_jar(tmp_path, "lock")
