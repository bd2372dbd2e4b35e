"""Typesets a report as a program of its own, so that what it takes of memory and time has an end.

Reads JSON from standard input: `source`, the typst program; `data`, which it is given as text and never as source; `fonts`, a
folder; `format`, pdf or png; and `made_at`, seconds since 1970. Writes the file to standard output, or a problem to standard
error with status 3.
"""

import json
import resource
import sys
from contextlib import suppress

import typst

MEMORY, SECONDS = 2 * 1024**3, 60


def main() -> int:
    """Typeset what standard input says; the status of the program."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    with suppress(ValueError, OSError):  # macOS knows no such limit
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    job = json.load(sys.stdin)
    try:
        pages = typst.compile(
            job["source"].encode(),
            font_paths=[job["fonts"]],
            ignore_system_fonts=True,
            format=job["format"],
            sys_inputs={"report": json.dumps(job["data"])},
            pdf_standards=["a-2b"] if job["format"] == "pdf" else [],
            timestamp=job["made_at"],
        )
    except typst.TypstError as error:
        sys.stderr.write(error.message)
        return 3
    if isinstance(pages, list):
        sys.stdout.buffer.write(json.dumps([page.hex() for page in pages]).encode())
    elif pages:
        sys.stdout.buffer.write(pages)
    return 0


if __name__ == "__main__":
    sys.exit(main())
