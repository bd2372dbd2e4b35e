"""No log holds a secret, whatever writes it: a request that is refused, one that is not there, an error, a task."""

import io
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as configured
from django.http import HttpRequest, HttpResponseNotFound
from django.test import Client, RequestFactory
from django.utils.log import log_response
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from core.log_lines import SecretlessFormatter, remove_secrets_from_line

KEY = "tk_abcdefghij_" + "0a1b" * 16
MACAROON = "fm2_lJPECAAAAAAAAAAAxBAAAA+/AAAAAAAAAAAAAAAAAAAAAAAAA=="
SECRETS = (KEY, MACAROON, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlc2lnbmF0dXJl", "ghp_" + "Ab3d" * 9)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the console's own handler writes, of every logger."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(SecretlessFormatter("{levelname} {name}: {message}", style="{"))
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def test_every_handler_of_the_console_writes_without_secrets() -> None:
    logging_settings: dict[str, Any] = configured.LOGGING
    for handler in logging_settings["handlers"].values():
        formatter = logging_settings["formatters"][handler["formatter"]]
        assert formatter["()"] == "core.log_lines.SecretlessFormatter"
    for name in ("django", "django.server"):
        assert logging_settings["loggers"][name]["handlers"] == []


@pytest.mark.django_db
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_an_address_is_in_no_log(client: Client, alice: User, written: io.StringIO, secret: str) -> None:
    client.force_login(alice)
    for address in (f"/nowhere/{quote(secret, safe='')}/", f"/tokens/{quote(secret, safe='')}/", f"/cases/?q={secret}"):
        client.get(address, headers={"Referer": f"http://testserver/{secret}"})
        client.post(address)
    assert "/nowhere/" in written.getvalue()
    for part in (secret, secret[-12:], quote(secret, safe="")):
        assert part not in written.getvalue()


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_an_error_and_its_traceback_is_in_no_log(written: io.StringIO, secret: str) -> None:
    try:
        raise ValueError(f"cannot read {secret}")
    except ValueError:
        logging.getLogger("celery.app.trace").exception("Task failed with %s", secret)
    assert "Traceback" in written.getvalue()
    assert secret not in written.getvalue()


def test_a_link_that_opens_an_account_is_in_no_log(written: io.StringIO) -> None:
    request: HttpRequest = RequestFactory().get("/accounts/password/link/Zx81abcdefgh/")
    log_response("Not Found: %s", request.path, response=HttpResponseNotFound(), request=request)
    log_response(
        "Not Found: %s", "/accounts/first-admin/Zx81abcdefgh/", response=HttpResponseNotFound(), request=request
    )
    assert written.getvalue().count("[removed link]") == 2
    assert "Zx81" not in written.getvalue()


@given(st.text(), st.text(), st.sampled_from(SECRETS), st.booleans())
def test_wherever_it_stands_in_a_line(before: str, after: str, secret: str, is_quoted: bool) -> None:
    spelled = quote(secret, safe="") if is_quoted else secret
    assert secret not in remove_secrets_from_line(f"{before} {spelled} {after}")


@given(st.text(alphabet="abc /?=&%20\n", max_size=200))
def test_a_line_without_a_secret_stays_as_it_is(line: str) -> None:
    assert remove_secrets_from_line(line) == line
