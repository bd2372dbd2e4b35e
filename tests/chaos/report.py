"""Compares a trail with the writes on standard input, and says as JSON how much it holds and how much of that is sealed."""

import json
import sys

import django

django.setup()  # before anything that has models is imported

from core.connection import trail  # noqa: E402
from operations.sealing.folder import LogDirectory  # noqa: E402
from tests.faults.audit import Writes  # noqa: E402
from trail.search import execute  # noqa: E402
from trail.search.spec import WHOLE_TRAIL, Search  # noqa: E402

OWN = Search(text="writer.id:chaos")


def main() -> None:
    """Fails where an acknowledged write is not in the trail."""
    known = json.loads(sys.stdin.read())
    writes = Writes(acknowledged=known["acknowledged"], begun=set(known["begun"]))
    writes.check(trail(), OWN)
    newest = LogDirectory().newest()
    events = execute.count(trail(), Search(), WHOLE_TRAIL)
    print(json.dumps({"events": events, "sealed": newest.size if newest else 0}))


if __name__ == "__main__":
    main()
