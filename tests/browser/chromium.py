"""Where the browser of the tests is. Run as a program it installs one where there is none."""

import os
import shutil
import subprocess
import sys

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def installed() -> str | None:
    """A Chromium of the system; None leaves it to Playwright's own."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def install() -> None:
    """Debian's where root can install it, Playwright's elsewhere."""
    if installed():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium …", flush=True)
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium"],
        ):
            if subprocess.run(command, env=quiet, check=False, stdout=subprocess.DEVNULL).returncode:
                sys.exit("Chromium could not be installed by apt-get; install a Chromium by hand and run again.")
        return
    if subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False).returncode:
        sys.exit("Chromium could not be fetched; install one and run again.")


if __name__ == "__main__":
    install()
