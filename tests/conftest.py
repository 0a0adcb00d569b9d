"""For all pytest suites: where things are, and tests that are coroutines."""
import asyncio
import inspect
import os
import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("JIGATE_BUILD", ROOT / "build-asan"))
SOUNDS = pathlib.Path(os.environ.get("JIGATE_SOUNDS_DIR", BUILD / "sounds"))
DEADLINE = 120  # seconds for one test; none needs it but one that hangs

sys.path.insert(0, str(ROOT / "tests" / "tools"))


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
    """(name, text) of every row of the table."""
    lines = (ROOT / "sounds/en/prompts.txt").read_text().splitlines()
    return [tuple(line.split("\t")) for line in lines
            if line and not line.startswith("#")]


@pytest.fixture(scope="session")
def ear(sounds):
    import hear
    return hear.ear(str(sounds))
