"""Takes the descriptors below 1,024, as a process has that holds many connections."""

import fcntl
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

SELECTED = 1024  # FD_SETSIZE: select(2) takes descriptors below it


@contextmanager
def take_low_descriptors() -> Iterator[None]:
    """Whatever is opened meanwhile has a descriptor of 1,024 or more. Raises OSError where the machine allows fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2 * SELECTED:
        resource.setrlimit(resource.RLIMIT_NOFILE, (2 * SELECTED, hard))
    taken: list[int] = []
    try:
        while not taken or taken[-1] < SELECTED:
            taken.append(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, taken[-1] + 1 if taken else 0))
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
