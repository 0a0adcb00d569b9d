"""For all pytest suites: the tools, and tests that are coroutines."""
import asyncio
import inspect
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "tools"))

from places import SOUNDS, prompt_rows  # noqa: E402

DEADLINE = 120  # seconds for one test; none needs it but one that hangs


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "deadline(seconds): how long a coroutine test may take")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    marker = pyfuncitem.get_closest_marker("deadline")
    seconds = marker.args[0] if marker else DEADLINE
    args = {name: pyfuncitem.funcargs[name]
            for name in pyfuncitem._fixtureinfo.argnames}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**args), seconds))
    return True


@pytest.fixture(scope="session")
def sounds():
    """The rendered prompts of one language."""
    folder = SOUNDS / "en"
    if not folder.is_dir():
        pytest.fail(f"no prompts in {folder}: build first")
    return folder


@pytest.fixture(scope="session")
def prompt_table():
    return prompt_rows()


@pytest.fixture(scope="session")
def ear(sounds):
    import hear
    return hear.ear(str(sounds))
