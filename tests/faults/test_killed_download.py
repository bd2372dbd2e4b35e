"""kill -9 of the web server in the middle of a download: what came is no whole file to anybody, and the rest follows."""

import hashlib
import http.client
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.support import web_server as server
from tests.support.web_server import Prepared
from trail.connection import Trail

BEGINNING = 100_000  # bytes that are read before the kill


def test_a_download_that_a_kill_broke_off_goes_on_where_it_was_and_is_the_same_file(
    trail: Trail, node: str, prepared: Prepared, tmp_path: Path
) -> None:
    with server.running(tmp_path, node, trail.prefix, prepared) as web:
        made = subprocess.run(
            [sys.executable, "-m", "tests.faults.large_export"],
            cwd=settings.BASE_DIR,
            env=web.environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        file = json.loads(made.stdout.splitlines()[-1])
        headers = {"Cookie": f"sessionid={file['session']}"}
        with web.connection() as connection:
            connection.request("GET", file["path"], headers=headers)
            response = connection.getresponse()
            assert (response.status, int(response.headers["Content-Length"])) == (200, file["size"])
            etag, content = response.headers["ETag"], response.read(BEGINNING)
            web.kill()
            with pytest.raises((http.client.IncompleteRead, ConnectionError)) as broken:
                response.read()
            content += getattr(broken.value, "partial", b"")
        assert BEGINNING <= len(content) < file["size"]
        web.start()
        with web.connection() as connection:
            further = {"Range": f"bytes={len(content)}-", "If-Range": etag}
            connection.request("GET", file["path"], headers=headers | further)
            response = connection.getresponse()
            assert response.status == 206
            content += response.read()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (file["size"], file["sha256"])
