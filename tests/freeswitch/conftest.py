"""Tests of the freeswitch folder. Those that start FreeSWITCH are skipped,
aloud, where there is none."""
import pytest

import fsserver
from fsserver import FreeSwitch


def pytest_terminal_summary(terminalreporter):
    if not fsserver.program():
        terminalreporter.write_line(
            f"SKIPPED what needs it: {fsserver.MISSING}", yellow=True)


@pytest.fixture
def settings(tmp_path):
    """settings(NAME=value): what the starter makes of them, run by none."""
    return lambda **s: FreeSwitch(tmp_path, "127.9.9", **s)


@pytest.fixture(scope="session")
def found():
    if not fsserver.program():
        pytest.skip(fsserver.MISSING)


@pytest.fixture(scope="session")
def server(found, tmp_path_factory):
    """One FreeSWITCH with common settings."""
    s = FreeSwitch(tmp_path_factory.mktemp("fs"))
    try:
        yield s.start()
    finally:
        s.stop()


@pytest.fixture
def server_with(found, tmp_path):
    """server_with(NAME=value): a FreeSWITCH of one's own, started."""
    made = []

    def start(**s):
        made.append(FreeSwitch(tmp_path / f"fs{len(made)}", **s))
        return made[-1].start()

    yield start
    for s in made:
        s.stop()
