"""Says at the end of a session which files took longest, whatever process ran them."""

from collections import Counter

import pytest

SHOWN = 10
LEAST = 30.0  # seconds that a session has to take before anybody asks


class Durations:
    """Sums the setup, call and teardown of every test by its file."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid.partition("::")[0]] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.seconds.total() < LEAST:
            return
        terminalreporter.section(f"the {SHOWN} files that took longest, of {self.seconds.total():.0f} s in all")
        for file, seconds in self.seconds.most_common(SHOWN):
            terminalreporter.write_line(f"{seconds:7.1f} s  {file}")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Durations())
