"""The programs that only the tests need: a browser, a log shipper, a clock that can be set, PostgreSQL. Run as a program it installs them."""

import os
import shutil
import subprocess
import sys

from auditconsole.local.errors import CannotStart
from tests.browser import chromium
from tests.faults import clock
from tests.support import class_cache, postgresql, rsyslog


def install() -> None:
    """Debian's where root can install them; of the browser Playwright's own elsewhere."""
    missing = {
        name: packages
        for name, there, packages in (
            ("Chromium", chromium.installed(), "chromium"),
            ("rsyslog", rsyslog.installed(), "rsyslog rsyslog-elasticsearch"),
            ("libfaketime", clock.installed(), "libfaketime"),
            ("PostgreSQL", postgresql.installed(), "postgresql"),
        )
        if not there
    }
    if missing and shutil.which("apt-get") and os.geteuid() == 0:
        _from_debian(missing)
        return
    fetch = [sys.executable, "-m", "playwright", "install", "chromium"]
    if missing.pop("Chromium", None) and subprocess.run(fetch, check=False).returncode:
        sys.exit("Chromium could not be fetched; install one and run again.")
    if missing:
        packages = " ".join(missing.values())
        sys.exit(f"The tests need {' and '.join(missing)}; install the packages {packages} and run again.")


def _from_debian(missing: dict[str, str]) -> None:
    print(f"Installing {', '.join(missing)} …", flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    packages = " ".join(missing.values()).split()
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages],
    ):
        if subprocess.run(command, env=quiet, check=False, stdout=subprocess.DEVNULL).returncode:
            sys.exit(f"apt-get could not install {' '.join(packages)}; install them by hand and run again.")


def prepare_engine() -> None:
    """Make what lets the engine start sooner, once for a set of packages."""
    if not class_cache.FILE.exists():
        print("Preparing the engine of the tests …", flush=True)
        try:
            class_cache.make()
        except CannotStart as error:
            sys.exit(str(error))


if __name__ == "__main__":
    install()
    prepare_engine()
