"""Take a snapshot of the trail. Exit status: 0 when it is whole, 1 when it is not."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from operations.services import keeping
from trail.errors import TrailError


class Command(BaseCommand):
    help = "Take a snapshot of the whole trail into its repository, and wait until it is whole."

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(unit=" shards", disable=not sys.stderr.isatty(), file=sys.stderr) as bar:

            def said(done: int, all_: int) -> None:
                bar.total, bar.n = all_, done
                bar.refresh()

            try:
                taken = keeping.take_snapshot(said)
            except TrailError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(
            f"{taken.name} is whole: {len(taken.indices)} indices, {taken.shards} shards, in the repository "
            f"{keeping.repository().name}. Nothing deletes it. Back up the sealed log and the database too."
        )
