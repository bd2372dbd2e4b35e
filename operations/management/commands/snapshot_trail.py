"""Takes a snapshot of the trail. Exit status: 0 when it is whole, 1 when it is not."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from operations.maintenance import services as maintenance
from trail.errors import TrailError


class Command(BaseCommand):
    help = "Take a snapshot of the whole trail into its repository, and wait until it is whole."

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(unit=" shards", disable=not sys.stderr.isatty(), file=sys.stderr) as bar:

            def report(done: int, all_: int) -> None:
                bar.total, bar.n = all_, done
                bar.refresh()

            try:
                snapshot = maintenance.take_snapshot(report)
            except TrailError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(
            f"{snapshot.name} is whole: {len(snapshot.indices)} indices, {snapshot.shards} shards, in the repository "
            f"{maintenance.get_repository().name}. Nothing deletes it. Back up the sealed log and the database too."
        )
