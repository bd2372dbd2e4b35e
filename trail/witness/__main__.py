"""Runs the witness as a program: `python -m trail.witness`."""

import sys

from trail.witness.program import main

if __name__ == "__main__":  # pragma: no cover  the tests run it as a program
    sys.exit(main())
