"""Reads numbers of events as people write them."""

import argparse
import re

_UNITS = {"": 1, "k": 1_000, "m": 1_000_000}


def size(text: str) -> int:
    """`100000`, `100_000`, `200k`, `1m`, `2.5m`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([km]?)", text.strip().lower().replace("_", "").replace(",", ""))
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of events such as 100000, 200k or 1m")
    return int(float(match[1]) * _UNITS[match[2]])
