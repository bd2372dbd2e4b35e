"""Publishes checkpoints into an S3 bucket with object lock, where not even the account that writes them can replace them.

Each is an object that is made once (`If-None-Match: *`) under a retention in compliance mode: `PREFIX/2026-11/27/SIZE-HASH`, SIZE
in 19 digits, HASH the first 16 hexadecimal digits of the note's SHA-256. It is read by its versions, not by what a listing of the
bucket shows: whoever may write can hide an object behind a deletion or another version, and take neither away.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import groupby
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from trail.errors import TrailError
from trail.integrity.publish import BUCKET, NotPublished, PublishedNote, PublishedUnreadable
from trail.integrity.signed_note import MAX_NOTE

CONNECT, READ = 10, 30  # seconds for each wait
_NAME = re.compile(r"\d{4}-\d\d/\d\d/\d{19}-[0-9a-f]{16}")
_ATTEMPT = re.compile(r"\.\d+\Z")  # behind a position: which version of the object, from the second on
_LOCK = "COMPLIANCE"


class S3Publisher:
    """Publishes into a bucket that was made with object lock; credentials and region are those that the AWS tools find."""

    notes_at_once = 500

    def __init__(
        self,
        address: str,
        *,
        days: int,
        endpoint: str = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`address` is s3://BUCKET/PREFIX, `days` how long a checkpoint is locked, `endpoint` the URL of a server other than
        AWS's own. Raises ValueError."""
        if (match := BUCKET.fullmatch(address)) is None:
            raise ValueError(f"{address} is no bucket, such as s3://checkpoints/console")
        self.address, self._bucket = address, match["bucket"]
        self._prefix = f"{match['prefix'].strip('/')}/" if match["prefix"] else ""
        self._days, self._endpoint, self._clock = days, endpoint, clock

    def publish(self, message: bytes, size: int) -> None:
        """Put a signed note of a log of `size` leaves, locked when it returns. Raises NotPublished."""
        now = self._clock()
        key = f"{self._prefix}{now:%Y-%m/%d}/{size:019}-{sha256(message).hexdigest()[:16]}"
        with self._expect(NotPublished, f"The checkpoint of {size:,} events was not put into {self.address}"):
            try:
                self._put(key, message, now + timedelta(days=self._days))
            except ClientError as error:
                if _read_status(error) != 412:  # Precondition Failed: there is one of this name
                    raise
            if self._read_first(key) != message:
                raise NotPublished(
                    f"{self.address} holds another object under the name {key}; keep it, and see who put it."
                )
            self._expect_locked(key)

    def read_after(self, position: str = "") -> Iterator[PublishedNote]:
        """The checkpoints behind a position, which is an object's name below the prefix. Raises PublishedUnreadable."""
        marker = self._prefix + _ATTEMPT.sub("", position) if position else ""
        with self._expect(PublishedUnreadable, f"The checkpoints published in {self.address} cannot be read"):
            for key, versions in self._list_versions(marker):
                name = key.removeprefix(self._prefix)
                for number, version in enumerate(versions):
                    yield PublishedNote(f"{name}.{number}" if number else name, self._read(key, version))

    def read_newest(self) -> bytes | None:
        """The checkpoint of the largest size of the last day. Raises PublishedUnreadable."""
        with self._expect(PublishedUnreadable, f"The checkpoints published in {self.address} cannot be read"):
            for month in reversed(self._list_folders(self._prefix, r"\d{4}-\d\d/")):
                for day in reversed(self._list_folders(month, r"\d\d/")):
                    newest = max(self._list_versions("", day), default=None)
                    if newest is not None:
                        return self._read(newest[0], newest[1][0])
        return None

    @property
    def _client(self) -> Any:
        return _build_client(self._endpoint)

    def _put(self, key: str, message: bytes, until: datetime) -> None:
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=message,
            ContentType="text/plain; charset=utf-8",
            ChecksumAlgorithm="SHA256",
            IfNoneMatch="*",
            ObjectLockMode=_LOCK,
            ObjectLockRetainUntilDate=until,
        )

    def _expect_locked(self, key: str) -> None:
        """A server that knows no object lock may take its headers without a word. Raises NotPublished."""
        which = {"Bucket": self._bucket, "Key": key, "VersionId": self._find_first(key)}
        mode = self._client.head_object(**which).get("ObjectLockMode")
        if mode is None:  # versitygw says it here alone, once another version lies above
            with suppress(ClientError):
                mode = self._client.get_object_retention(**which)["Retention"]["Mode"]
        if mode != _LOCK:
            raise NotPublished(f"{self.address} does not lock what is put there: make the bucket with object lock.")

    def _read_first(self, key: str) -> bytes:
        return self._read(key, self._find_first(key))

    def _find_first(self, key: str) -> str:
        """The first version of an object. Raises NotPublished."""
        for name, versions in self._list_versions("", key):
            if name == key:
                return versions[0]
        raise NotPublished(f"{self.address} does not list {key}, which was put there.")

    def _read(self, key: str, version: str) -> bytes:
        """A version's content, as far as it may be a note."""
        content: bytes = self._client.get_object(Bucket=self._bucket, Key=key, VersionId=version)["Body"].read(
            MAX_NOTE + 1
        )
        return content

    def _list_versions(self, marker: str, prefix: str | None = None) -> Iterator[tuple[str, list[str]]]:
        """Each object behind a name, with its versions, the first one first; what is deleted has some all the same."""
        behind = {"KeyMarker": marker} if marker else {}
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket, Prefix=self._prefix if prefix is None else prefix, **behind
        )
        rows = (row for page in pages for row in page.get("Versions", ()))
        for key, versions in groupby(rows, key=lambda row: str(row["Key"])):
            if _NAME.fullmatch(key.removeprefix(self._prefix)) and key != marker:
                yield key, [str(row["VersionId"]) for row in versions][::-1]

    def _list_folders(self, prefix: str, pattern: str) -> list[str]:
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket, Prefix=prefix, Delimiter="/"
        )
        names = (str(row["Prefix"]) for page in pages for row in page.get("CommonPrefixes", ()))
        return sorted(name for name in names if re.fullmatch(pattern, name.removeprefix(prefix)))

    @contextmanager
    def _expect(self, wrong: type[TrailError], what: str) -> Iterator[None]:
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise wrong(f"{what}: {error}.") from error


@cache
def _build_client(endpoint: str) -> Any:
    """One for each process and server: making it reads megabytes, and it may be used by several threads."""
    config = Config(
        connect_timeout=CONNECT,
        read_timeout=READ,
        retries={"total_max_attempts": 2, "mode": "standard"},
        s3={"addressing_style": "path" if endpoint else "auto"},
    )
    return Session().create_client("s3", endpoint_url=endpoint or None, config=config)


def _read_status(error: ClientError) -> int:
    status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return status
