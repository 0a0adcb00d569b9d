"""A gateway for each test that wants one."""
import pytest

from program import Gateway


@pytest.fixture
def gateway(tmp_path):
    """Starts gateways; they must end well."""
    started = []

    def start(**settings):
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Gateway(folder, **settings))
        return started[-1]

    yield start
    for g in started:
        if g.process.poll() is None:
            try:
                g.stop()
            finally:
                g.process.kill()
