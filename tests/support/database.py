"""Names the test's database for a process of its own."""

from django.db import connection


def database_url() -> str:
    """As DATABASE_URL has it. On SQLite a file that is shared, on PostgreSQL a database of the session's server."""
    place = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{place['NAME']}"
    return f"postgres://{place['USER']}@{place['HOST']}:{place['PORT']}/{place['NAME']}"
