"""Lets Python look for reference cycles more seldom than by default."""

import gc

# Net new objects before the collector looks. Its own 700 are one event or two: it would look through what the engine
# sends, which holds no cycle, again and again, and a long read takes half as long again for it.
OBJECTS = 200_000


def collect_seldom() -> None:
    """For a whole process, whose reading and writing is of many small objects without cycles."""
    gc.set_threshold(OBJECTS, 20, 20)
