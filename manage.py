#!/usr/bin/env python
"""Django's command line for the console."""

import os
import sys


def main() -> None:
    from django.core.management import execute_from_command_line  # so that Ctrl-C during the import is met below

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "auditconsole.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
