"""Become another program that ends when its parent does: `python follow.py PROGRAM ARGUMENT…`.

Run as a file, so that starting it imports nothing of ours.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(with_signal: int) -> None:
    """When our parent is gone, even killed, we are sent this signal. See prctl(2); Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, with_signal)


if __name__ == "__main__":
    die_with_parent(signal.SIGTERM)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  our own list of programs
