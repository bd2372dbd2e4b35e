"""Computes the digest of a set of event ids, however many and in whatever order they come, in flat memory."""

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing

import rfc8785

# What a stranger needs to compute it again; it stands beside each digest.
ALGORITHM = (
    "SHA-256 over the ids, each as a JSON string (RFC 8785) and a line feed, in the order of their UTF-8 bytes; "
    "an id that came twice counts twice"
)


def digest_ids(ids: Iterable[str]) -> tuple[str, int]:
    """The digest of the ids in hexadecimal, as ALGORITHM says, and how many they were.

    SQLite sorts them, in a file without a name that goes away with the connection.
    """
    digest, number = hashlib.sha256(), 0
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("CREATE TABLE ids (id BLOB)")
        database.execute("BEGIN")
        database.executemany("INSERT INTO ids VALUES (?)", ((each.encode(),) for each in ids))
        for (each,) in database.execute("SELECT id FROM ids ORDER BY id"):
            digest.update(rfc8785.dumps(each.decode()) + b"\n")
            number += 1
    return digest.hexdigest(), number
