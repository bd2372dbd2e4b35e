"""Checkpoints in a bucket with object lock: each once, locked, and seen whatever the bucket's own key does afterwards."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

pytest.importorskip("botocore", reason="botocore is not installed: make up does that")
from botocore.exceptions import ClientError

from tests.support import s3_servers
from trail.integrity import s3_bucket
from trail.integrity.publish import NotPublished, PublishedUnreadable
from trail.integrity.s3_bucket import S3Publisher


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module", params=s3_servers.NAMES)
def endpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_servers.ACCOUNT.items():
            patch.setenv(name, value)
        with s3_servers.run_server(request.param, tmp_path_factory.mktemp("s3")) as url:
            yield url
        s3_bucket._build_client.cache_clear()


@pytest.fixture
def client(endpoint: str) -> Any:
    """Who holds the account's key, and may do with the bucket whatever the server lets them."""
    return s3_bucket._build_client(endpoint)


@pytest.fixture
def bucket(client: Any, request: pytest.FixtureRequest) -> str:
    name = f"b{abs(hash(request.node.nodeid)):x}"
    client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def publisher(endpoint: str, bucket: str, clock: Clock) -> S3Publisher:
    return S3Publisher(f"s3://{bucket}/console/a", days=30, endpoint=endpoint, clock=clock)


def messages(publisher: S3Publisher, position: str = "") -> list[bytes]:
    return [note.message for note in publisher.read_after(position)]


def key_of(publisher: S3Publisher, at: int = -1) -> str:
    return f"console/a/{list(publisher.read_after())[at].position}"


def test_what_is_published_is_read_back_from_old_to_new_and_from_a_position_on(
    publisher: S3Publisher, clock: Clock
) -> None:
    assert (messages(publisher), publisher.read_newest()) == ([], None)
    notes = [b"of nine\n", b"of ten\n", b"of a hundred\n"]
    for note, size, days in zip(notes, (9, 10, 100), (0, 0, 40), strict=True):
        clock.now += timedelta(days=days)
        publisher.publish(note, size)
    assert (messages(publisher), publisher.read_newest()) == (notes, notes[-1])
    positions = [note.position for note in publisher.read_after()]
    assert positions == sorted(positions)
    assert [messages(publisher, position) for position in positions] == [notes[1:], notes[2:], []]


def test_it_is_made_once_and_published_again_is_no_harm(publisher: S3Publisher, client: Any, bucket: str) -> None:
    for _ in range(3):
        publisher.publish(b"note\n", 7)
    (version,) = client.list_object_versions(Bucket=bucket)["Versions"]
    assert version["Key"].startswith(f"console/a/{datetime.now(UTC):%Y-}")


def test_nobody_takes_it_away_before_its_time(publisher: S3Publisher, client: Any, bucket: str, clock: Clock) -> None:
    publisher.publish(b"note\n", 7)
    (version,) = client.list_object_versions(Bucket=bucket)["Versions"]
    which = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
    head = client.head_object(**which)
    assert head["ObjectLockMode"] == "COMPLIANCE"
    assert head["ObjectLockRetainUntilDate"] >= clock.now + timedelta(days=30) - timedelta(seconds=1)
    for more in ({}, {"BypassGovernanceRetention": True}):
        with pytest.raises(ClientError, match="AccessDenied"):
            client.delete_object(**which, **more)


def test_what_is_hidden_by_a_deletion_is_read_all_the_same(publisher: S3Publisher, client: Any, bucket: str) -> None:
    publisher.publish(b"of nine\n", 9)
    publisher.publish(b"of ten\n", 10)
    for at in (0, 1):
        client.delete_object(Bucket=bucket, Key=key_of(publisher, at))
    assert client.list_objects_v2(Bucket=bucket).get("Contents", []) == []
    assert (messages(publisher), publisher.read_newest()) == ([b"of nine\n", b"of ten\n"], b"of ten\n")


def test_what_is_written_over_it_stands_behind_it(publisher: S3Publisher, client: Any, bucket: str) -> None:
    publisher.publish(b"note\n", 7)
    client.put_object(Bucket=bucket, Key=key_of(publisher), Body=b"forged\n")
    assert (messages(publisher), publisher.read_newest()) == ([b"note\n", b"forged\n"], b"note\n")
    positions = [note.position for note in publisher.read_after()]
    assert positions == sorted(positions)
    publisher.publish(b"note\n", 7)
    assert len(messages(publisher)) == 2


def put_beforehand(publisher: S3Publisher, client: Any, bucket: str, body: bytes) -> S3Publisher:
    """Put an object, without a lock, where a second publisher will publish what the first one published; that publisher."""
    name = key_of(publisher).rpartition("/")[2]
    client.put_object(Bucket=bucket, Key=f"b/{datetime.now(UTC):%Y-%m/%d}/{name}", Body=body)
    return S3Publisher(f"s3://{bucket}/b", days=1, endpoint=publisher._endpoint, clock=publisher._clock)


def test_another_that_stands_under_its_name_is_a_failure(publisher: S3Publisher, client: Any, bucket: str) -> None:
    publisher.publish(b"note\n", 7)
    elsewhere = put_beforehand(publisher, client, bucket, b"another\n")
    with pytest.raises(NotPublished, match="holds another object under the name"):
        elsewhere.publish(b"note\n", 7)


def test_one_that_stands_there_without_a_lock_is_a_failure(publisher: S3Publisher, client: Any, bucket: str) -> None:
    publisher.publish(b"note\n", 7)
    elsewhere = put_beforehand(publisher, client, bucket, b"note\n")
    with pytest.raises(NotPublished, match="does not lock what is put there: make the bucket with object lock"):
        elsewhere.publish(b"note\n", 7)


def test_what_else_lies_there_is_passed_over(publisher: S3Publisher, client: Any, bucket: str) -> None:
    publisher.publish(b"note\n", 7)
    for key in ("README", "console/README", "console/a/9999-99/README", "console/b/2026-11/27/x"):
        client.put_object(Bucket=bucket, Key=key, Body=b"not ours")
    assert (messages(publisher), publisher.read_newest()) == ([b"note\n"], b"note\n")


def test_what_is_far_too_long_is_not_read_whole(publisher: S3Publisher, client: Any, bucket: str) -> None:
    publisher.publish(b"note\n", 7)
    client.put_object(Bucket=bucket, Key=key_of(publisher), Body=b"x" * 3_000_000)
    assert [len(message) for message in messages(publisher)] == [5, 1_000_001]


def test_a_bucket_without_object_lock_is_a_failure(client: Any, endpoint: str) -> None:
    client.create_bucket(Bucket="without")
    with pytest.raises(NotPublished, match=r"The checkpoint of 1,234 events was not put into s3://without/x"):
        S3Publisher("s3://without/x", days=1, endpoint=endpoint).publish(b"note\n", 1_234)


def test_a_bucket_or_a_server_that_is_not_there_is_a_failure(endpoint: str) -> None:
    for publisher in (
        S3Publisher("s3://absent", days=1, endpoint=endpoint),
        S3Publisher("s3://absent", days=1, endpoint="http://127.0.0.1:1"),
    ):
        with pytest.raises(NotPublished, match="was not put into s3://absent"):
            publisher.publish(b"note\n", 1)
        with pytest.raises(PublishedUnreadable, match="cannot be read"):
            list(publisher.read_after())
        with pytest.raises(PublishedUnreadable, match="cannot be read"):
            publisher.read_newest()


@pytest.mark.parametrize("address", ["s3://", "s3:///x", "s3://UPPER/x", "s3://a b", "http://x"])
def test_what_is_no_bucket_is_none(address: str) -> None:
    with pytest.raises(ValueError, match="is no bucket"):
        S3Publisher(address, days=1)
