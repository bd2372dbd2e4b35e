"""Restores a snapshot beside the trail, never into it; with --compare it is a drill.

Exit status: 0 when it was restored and, compared, is the same; 2 when events differ; 1 when it could not be done.
"""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from core.connection import trail
from operations.maintenance import services as maintenance
from trail.errors import TrailError
from trail.maintenance import restore_drill, snapshots
from trail.maintenance.restore_drill import DrillCount
from trail.maintenance.snapshots import Snapshot

DIFFERENT = 2


class Command(BaseCommand):
    help = "Restore a snapshot into indices beside the trail; --compare says which events of the trail differ from it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("snapshot", help="its name, or `newest`")
        parser.add_argument(
            "--into", default="restored-", metavar="PREFIX", help="what stands before the restored indices' names"
        )
        parser.add_argument("--compare", action="store_true", help="compare every event with the trail's")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            snapshot = self._choose(options["snapshot"])
            beside = snapshots.restore_snapshot(
                trail(), maintenance.get_repository().name, snapshot.name, options["into"]
            )
            self.stdout.write(f"{snapshot.name} is restored: {', '.join(beside)}.")
            different = self._compare(snapshot, options["into"]) if options["compare"] else 0
        except (TrailError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            "Nothing here removes what was restored. When it is not needed any more, as the engine's admin:"
        )
        user = f"--user {settings.OPENSEARCH_USER} " if settings.OPENSEARCH_USER else ""
        for index in beside:
            self.stdout.write(f'    curl {user}-X DELETE "$OPENSEARCH_URL/{index}"')
        if different:
            sys.exit(DIFFERENT)

    def _choose(self, name: str) -> Snapshot:
        repository = maintenance.get_repository().name
        if name != "newest":
            return snapshots.read_snapshot(trail(), repository, name)
        whole = [each for each in snapshots.list_snapshots(trail(), repository) if each.whole]
        if not whole:
            raise CommandError(
                f"There is no whole snapshot in the repository {repository}; take one by snapshot_trail."
            )
        return whole[-1]

    def _compare(self, snapshot: Snapshot, into: str) -> int:
        """Say what differs, by id; how many events do."""
        count, different = DrillCount(), 0
        with tqdm(
            unit=" indices", total=len(snapshot.indices), disable=not sys.stderr.isatty(), file=sys.stderr
        ) as bar:
            for index in snapshot.indices:
                for difference in restore_drill.compare_indices(
                    trail(), index, f"{into}{index}", snapshot.began, count
                ):
                    different += 1
                    self.stdout.write(f"{difference.kind}: {difference.event_id} in {difference.index}")
                bar.update()
        self.stdout.write(
            f"{count.same:,} events are the same, {different:,} differ, {count.newer:,} were taken after the snapshot."
        )
        return different
