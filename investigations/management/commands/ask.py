"""Ask the trail from the command line: the questions of the pages and of the API, over the whole trail."""

import json
import sys
from argparse import ArgumentParser
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import QueryDict
from django.utils.http import urlencode

from accounts.models import User
from accounts.roles import may_curate
from investigations.api import text
from investigations.api.answering import NOTHING, answer
from investigations.api.serialise import plain
from investigations.api.table import BY_NAME, ROUTES, Route
from investigations.forms.indicators import MOST_BYTES
from trail.errors import TrailError
from trail.indicators import Listed, parse
from trail.search.spec import WHOLE_TRAIL

FOUND, NEVER, ERROR = 0, 1, 2


class Command(BaseCommand):
    help = "Ask the trail, and put on record who did. Exit status: 0 something was found, 1 never, 2 it could not be answered."

    def add_arguments(self, parser: CommandParser) -> None:
        questions = parser.add_subparsers(dest="question", required=True, metavar="QUESTION")
        for route in ROUTES:
            asked = questions.add_parser(_word(route.name), help=route.summary, description=route.summary)
            for one in route.parameters:
                if one.place == "path":
                    asked.add_argument(one.name, help=one.help)
                else:
                    repeated = "append" if one.many else "store"
                    asked.add_argument(
                        f"--{one.name}", dest=f"query_{one.name}", action=repeated, metavar="…", help=one.help
                    )
            if route.sends_list:
                asked.add_argument("file", help="a file with one a line, or a CSV; - is what comes in")
            _add_common(asked)

    def handle(self, *args: Any, **options: Any) -> None:
        route = BY_NAME[options["question"].replace("-", "_")]
        by = User.objects.filter(username__iexact=options["by"]).first()
        if by is None or not may_curate(by):
            raise CommandError(f"{options['by']} is no admin here.", returncode=ERROR)
        try:
            found = answer(
                route, by=by, scope=WHOLE_TRAIL, path={name: options[name] for name in _in_path(route)}, query=_query(options),
                listed=_listed(options["file"]) if route.sends_list else NOTHING,
            )  # fmt: skip
        except TrailError as error:
            raise CommandError(str(error), returncode=ERROR) from error
        self._tell(found, as_json=options["json"])
        if not route.found(found):
            raise SystemExit(NEVER)

    def _tell(self, found: Any, *, as_json: bool) -> None:
        if as_json:
            # In ASCII: what would drive the terminal is escaped, and reads the same.
            self.stdout.write(json.dumps(plain(found), indent=2))
            return
        name = "coverage" if type(found).__name__ == "Coverage" else ""
        for line in text.lines(found, name):
            self.stdout.write(line)


def _add_common(parser: ArgumentParser) -> None:
    parser.add_argument("--by", required=True, metavar="USERNAME", help="the admin who asks, for the record")
    parser.add_argument("--json", action="store_true", help="the same JSON as the API, in place of text for people")


def _word(name: str) -> str:
    return name.replace("_", "-")


def _in_path(route: Route) -> list[str]:
    return [one.name for one in route.parameters if one.place == "path"]


def _query(options: dict[str, Any]) -> QueryDict:
    given = {
        name.removeprefix("query_"): value for name, value in options.items() if name.startswith("query_") and value
    }
    return QueryDict(urlencode(given, doseq=True))


def _listed(file: str) -> Listed:
    try:
        with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise CommandError(f"The list is longer than {MOST_BYTES:,} bytes; ask in parts.", returncode=ERROR)
        return parse(content.decode("utf-8-sig"))
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=ERROR) from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is no text in UTF-8.", returncode=ERROR) from error
