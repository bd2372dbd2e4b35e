"""Runs `verify_trail --json` in this process."""

import json
from io import StringIO
from typing import Any

from django.core.management import call_command


def run_verify_trail(*arguments: str) -> tuple[int, dict[str, Any]]:
    """The command's exit status and its answer."""
    out, status = StringIO(), 0
    try:
        call_command("verify_trail", "--json", *arguments, stdout=out)
    except SystemExit as ended:
        status = int(str(ended.code))
    return status, json.loads(out.getvalue())
