"""Nothing of the trail or of a case stays in a cache, and signing out clears what the browser kept."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client

from accounts.models import User
from investigations.models import Case
from tests.support.cast import PASSWORD
from tests.support.pages import bytes_of
from trail.connection import Trail


def _settings_under_tls(tmp_path: Path, names: list[str]) -> dict[str, object]:
    """These settings as a console behind a proxy that ends TLS has them."""
    program = (
        "import json; from auditconsole import settings as s; "
        f"print(json.dumps({{name: getattr(s, name) for name in {names!r}}}))"
    )
    environment = os.environ | {
        "CONSOLE_STATE_DIR": str(tmp_path), "BEHIND_TLS": "true", "TRUSTED_PROXIES": "10.0.0.1",
    }  # fmt: skip
    output = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True).stdout
    values: dict[str, object] = json.loads(output)
    return values


def test_cookies_under_tls_are_of_this_host_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    names = ["SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"]
    assert _settings_under_tls(tmp_path, names) == {
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "CSRF_COOKIE_NAME": "__Host-csrftoken",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
    }
    # What the prefix asks for beside that.
    assert (configured.SESSION_COOKIE_PATH, configured.SESSION_COOKIE_DOMAIN) == ("/", None)
    assert (configured.CSRF_COOKIE_PATH, configured.CSRF_COOKIE_DOMAIN) == ("/", None)


def test_tls_without_a_proxy_that_is_trusted_stops_the_start(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    environment = os.environ | {"CONSOLE_STATE_DIR": str(tmp_path), "BEHIND_TLS": "true", "TRUSTED_PROXIES": ""}
    ended = subprocess.run(
        [sys.executable, "-c", "import auditconsole.settings"], env=environment, check=False, capture_output=True
    )
    assert ended.returncode == 1
    assert b"BEHIND_TLS needs TRUSTED_PROXIES" in ended.stderr


@pytest.mark.django_db
def test_signing_out_clears_what_the_browser_kept(client: Client, alice: User, trail: Trail) -> None:
    client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    assert "Clear-Site-Data" not in client.get("/accounts/logout/").headers
    response = client.post("/accounts/logout/")
    assert response["Clear-Site-Data"] == '"cache", "cookies", "storage"'


@pytest.mark.django_db
def test_a_static_file_is_for_no_other_origin_and_may_be_kept(client: Client) -> None:
    response = client.get(staticfiles_storage.url("css/admin.css"))
    bytes_of(response)
    assert response.status_code == 200
    assert "Access-Control-Allow-Origin" not in response.headers
    assert "no-store" not in response["Cache-Control"]


@pytest.mark.django_db
def test_a_message_that_names_a_case_is_in_no_cookie(client: Client, case: Case, alice: User) -> None:
    client.force_login(alice)
    client.post(f"/cases/{case.public_id}/people/", {"user": "charlie", "level": "member"})
    assert set(client.cookies) <= {"sessionid", "csrftoken"}
