"""docs/trail/schema.md says what the schema says, no less and no older."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from trail import documentation, mapping
from trail.schema import FIELDS

PAGE = Path(__file__).parents[2] / "docs" / "trail" / "schema.md"


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text() == documentation.build_page(), "run manage.py document_trail"


def test_every_field_is_there_once_with_what_it_is() -> None:
    rows = [line for line in documentation.build_page().splitlines() if line.startswith("| `")]
    for field in FIELDS:
        (row,) = (row for row in rows if row.startswith(f"| `{field.name}` |"))
        assert field.help in row
        assert ("identifier" in row.split("|")[5]) == field.identifier


def test_every_setting_of_an_index_has_a_reason() -> None:
    assert set(documentation.REASONS) == set(mapping.build_template("x")["template"]["settings"])


def test_the_command_writes_the_page_and_tells_when_it_is_out_of_date(settings: Any, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    (tmp_path / "docs" / "trail").mkdir(parents=True)
    with pytest.raises(CommandError, match="out of date"):
        call_command("document_trail", check=True, stdout=StringIO())
    call_command("document_trail", stdout=StringIO())
    assert (tmp_path / "docs" / "trail" / "schema.md").read_text() == documentation.build_page()
    call_command("document_trail", check=True, stdout=StringIO())
