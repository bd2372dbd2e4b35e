"""Asks the trail from the command line: the questions of the pages and of the API, over the whole trail."""

import json
import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import QueryDict
from django.utils.http import urlencode

from accounts.command_line import get_admin
from investigations.api import text
from investigations.api.routes import BY_NAME, ROUTES, Parameter, Route
from investigations.api.services import NO_LIST, answer_route
from investigations.questions.forms import MOST_BYTES
from investigations.serialise import plain
from trail.errors import TrailError
from trail.questions.indicator_list import IndicatorList, parse_indicators
from trail.search.spec import WHOLE_TRAIL

ANSWERED, NEVER, ERROR = 0, 1, 2


class Command(BaseCommand):
    help = "Ask the trail, and put on record who did. Exit status: 0 something was found, 1 never, 2 it could not be answered."

    def add_arguments(self, parser: CommandParser) -> None:
        questions = parser.add_subparsers(dest="question", required=True, metavar="QUESTION")
        for route in ROUTES:
            subparser = questions.add_parser(_word(route.name), help=route.summary, description=route.summary)
            for parameter in route.parameters:
                _add_parameter(subparser, parameter)
            if route.sends_list:
                subparser.add_argument("file", help="a file with one a line, or a CSV; - is what comes in")
            _add_common(subparser)

    def handle(self, *args: Any, **options: Any) -> None:
        route = BY_NAME[options["question"].replace("-", "_")]
        by = get_admin(options["by"], returncode=ERROR)
        try:
            answer = answer_route(
                route,
                by=by,
                scope=WHOLE_TRAIL,
                path={name: options[name] for name in _names_in_path(route)},
                query=_build_query(options),
                listed=_read_list(options["file"]) if route.sends_list else NO_LIST,
            )
        except TrailError as error:
            raise CommandError(str(error), returncode=ERROR) from error
        self._write(answer, as_json=options["json"])
        if not route.has_found(answer):
            raise SystemExit(NEVER)

    def _write(self, answer: Any, *, as_json: bool) -> None:
        if as_json:
            # In ASCII: what would drive the terminal is escaped, and reads the same.
            self.stdout.write(json.dumps(plain(answer), indent=2))
            return
        name = "coverage" if type(answer).__name__ == "Coverage" else ""
        for line in text.write_lines(answer, name):
            self.stdout.write(line)


def _add_parameter(parser: ArgumentParser, parameter: Parameter) -> None:
    if parameter.place == "path":
        parser.add_argument(parameter.name, help=parameter.help)
        return
    parser.add_argument(
        f"--{parameter.name}",
        dest=f"query_{parameter.name}",
        action="append" if parameter.many else "store",
        metavar="…",
        help=parameter.help,
    )


def _add_common(parser: ArgumentParser) -> None:
    parser.add_argument("--by", required=True, metavar="USERNAME", help="the admin who asks, for the record")
    parser.add_argument("--json", action="store_true", help="the same JSON as the API, in place of text for people")


def _word(name: str) -> str:
    return name.replace("_", "-")


def _names_in_path(route: Route) -> list[str]:
    return [parameter.name for parameter in route.parameters if parameter.place == "path"]


def _build_query(options: dict[str, Any]) -> QueryDict:
    parameters = {
        name.removeprefix("query_"): value for name, value in options.items() if name.startswith("query_") and value
    }
    return QueryDict(urlencode(parameters, doseq=True))


def _read_list(file: str) -> IndicatorList:
    try:
        with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise CommandError(f"The list is longer than {MOST_BYTES:,} bytes; ask in parts.", returncode=ERROR)
        return parse_indicators(content.decode("utf-8-sig"))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=ERROR) from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is no text in UTF-8.", returncode=ERROR) from error
