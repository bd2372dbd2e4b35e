"""The own server of the queue is reached by this account alone, whatever the state folder is called."""

import stat
from pathlib import Path

import psutil
import pytest
import redis
from kombu import Connection

from auditconsole.broker import build_broker_url
from auditconsole.local.errors import CannotStart
from auditconsole.local.redis import RedisServer, build_command, run_server
from tests.support import parts


def test_it_listens_on_a_socket_of_its_own_and_on_no_port(tmp_path: Path) -> None:
    server = RedisServer(parts.new_redis().state_dir / "with a blank & 100 %")
    with run_server(server) as process:
        assert psutil.Process(process.pid).net_connections("inet") == []
        assert stat.S_IMODE(server.folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
        with redis.Redis.from_url(server.url) as client:
            assert client.info("server")["server_name"] == "valkey"
        with Connection(build_broker_url(server.url)) as broker:
            broker.ensure_connection(max_retries=1)


def test_a_path_that_is_too_long_for_a_socket_is_said_before_anything_starts(tmp_path: Path) -> None:
    state = tmp_path / ("é" * 50)
    with pytest.raises(CannotStart) as refused:
        build_command(RedisServer(state))
    assert str(refused.value).startswith(f"The path of {state}/redis/socket is ")
    assert str(refused.value).endswith("set CONSOLE_STATE_DIR to a folder with a shorter path.")
