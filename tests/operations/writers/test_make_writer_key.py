"""`manage.py make_writer_key`: the same keys from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from operations.models import WriterKey
from operations.writers import keys
from tests.support.pages import audit_log
from trail.connection import Trail


def _make_key(*arguments: str) -> str:
    out = StringIO()
    call_command("make_writer_key", *arguments, stdout=out)
    return out.getvalue().strip()


def test_an_admin_makes_a_key_on_record(trail: Trail, ada: User) -> None:
    shown = _make_key("Tokens", "--by", "ada", "--writer", "tokens-1", "--dataset", "tokens", "--format", "trail")
    key = keys.find_key(shown)
    assert key is not None
    assert (key.name, key.writer, key.dataset, key.format) == ("Tokens", "tokens-1", "tokens", "trail")
    (recorded,) = audit_log(trail, "writer_key.make")
    assert recorded["user"]["id"] == "ada"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--by", "nobody"], "nobody is no admin here."),
        (["--by", "bob", "--writer", "w", "--dataset", "d"], "bob is no admin here."),
        (["--by", "ada", "--dataset", "d"], "writer: A key that writes needs this."),
        (["--by", "ada", "--writer", "w", "--dataset", "d d"], "dataset: Use at most 100 letters"),
        (["--by", "ada", "--writer", "w", "--dataset", "d", "--format", "x"], "x is not one of the available choices"),
    ],
)
def test_what_cannot_be_is_said(trail: Trail, ada: User, bob: User, arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence.replace(".", r"\.")):
        _make_key("Tokens", *arguments)
    assert not WriterKey.objects.exists()


def test_without_the_trail_no_key_is_make_key(ada: User, no_trail: None) -> None:
    with pytest.raises(CommandError, match=r"No key was made\."):
        _make_key("Tokens", "--by", "ada", "--writer", "w", "--dataset", "d")
    assert not WriterKey.objects.exists()
