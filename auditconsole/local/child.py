"""Becomes another program that ends when its parent does: `python child.py PROGRAM ARGUMENT…`.

Run as a file, so that starting it imports nothing of ours.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(with_signal: int) -> None:
    """Have this process sent a signal when its parent is gone, even killed. See prctl(2); Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, with_signal)


if __name__ == "__main__":
    die_with_parent(signal.SIGTERM)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606  our own list of programs
