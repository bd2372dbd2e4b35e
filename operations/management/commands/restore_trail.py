"""Restore a snapshot beside the trail, never into it; with --compare it is a drill.

Exit status: 0 when it was restored and, compared, is the same; 2 when events differ; 1 when it could not be done.
"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from accounts.journal import trail
from operations.services import keeping
from trail import drill, snapshots
from trail.drill import Compared
from trail.errors import TrailError
from trail.snapshots import Snapshot

DIFFERENT = 2


class Command(BaseCommand):
    help = "Restore a snapshot into indices beside the trail; --compare says which events of the trail differ from it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("snapshot", help="its name, or `newest`")
        parser.add_argument("--into", default="restored-", metavar="PREFIX",
                            help="what stands before the restored indices' names")  # fmt: skip
        parser.add_argument("--compare", action="store_true", help="compare every event with the trail's")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            kept = self._chosen(options["snapshot"])
            beside = snapshots.restore(trail(), keeping.repository().name, kept.name, options["into"])
            self.stdout.write(f"{kept.name} is restored: {', '.join(beside)}.")
            different = self._compare(kept, options["into"]) if options["compare"] else 0
        except (TrailError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            "Nothing here removes what was restored. When it is not needed any more, as the engine's admin:"
        )
        for index in beside:
            self.stdout.write(f'    curl -X DELETE "$OPENSEARCH_URL/{index}"')
        if different:
            sys.exit(DIFFERENT)

    def _chosen(self, name: str) -> Snapshot:
        repository = keeping.repository().name
        if name != "newest":
            return snapshots.one(trail(), repository, name)
        whole = [one for one in snapshots.every(trail(), repository) if one.whole]
        if not whole:
            raise CommandError(
                f"There is no whole snapshot in the repository {repository}; take one by snapshot_trail."
            )
        return whole[-1]

    def _compare(self, kept: Snapshot, into: str) -> int:
        """Say what differs, by id; how many events do."""
        count, different = Compared(), 0
        with tqdm(unit=" indices", total=len(kept.indices), disable=not sys.stderr.isatty(), file=sys.stderr) as bar:
            for index in kept.indices:
                for one in drill.compare(trail(), index, f"{into}{index}", kept.began, count):
                    different += 1
                    self.stdout.write(f"{one.kind}: {one.event_id} in {one.index}")
                bar.update()
        self.stdout.write(
            f"{count.same:,} events are the same, {different:,} differ, {count.newer:,} were taken after the snapshot."
        )
        return different
