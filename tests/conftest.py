"""One way for all tests to draw: the same examples in every run, no clock in any verdict."""

from _pytest.terminal import TerminalReporter
from hypothesis import HealthCheck, settings

settings.register_profile(
    "same-everywhere",
    derandomize=True,
    deadline=None,
    max_examples=25,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same-everywhere")


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """How many of the faults planted in generated programs were caught by `verify`."""
    told = [
        dict(report.user_properties)
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        if report.when == "call"
    ]
    planted = sum(each.get("planted", 0) for each in told)
    if planted:
        caught = sum(each.get("caught", 0) for each in told)
        terminalreporter.write_line(f"planted faults: {caught} of {planted} caught")
