"""What was tried is told at the end, failures or none."""

import pytest

NOTE = "fuzzing"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    told = [text for report in reports for name, text in report.user_properties if name == NOTE]
    if told:
        terminalreporter.section("what was tried")
        for text in told:
            terminalreporter.write_line(str(text))
