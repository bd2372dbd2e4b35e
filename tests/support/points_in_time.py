"""The points in time that are open on one trail of a node that tests share."""

from base64 import urlsafe_b64decode

from trail.connection import Trail


def points_in_time(trail: Trail) -> list[str]:
    """By their ids, each of which names its indices within."""
    every = trail.client.get_all_pits()["pits"]
    return [one["pit_id"] for one in every if trail.prefix.encode() in urlsafe_b64decode(f"{one['pit_id']}==")]
