"""Fixtures of the end-to-end tests: gateways, and what came of them."""
import os

import pytest

from gateway import ENGINES
from e2e import engines, gateway_freeswitch  # noqa: F401, adds itself to ENGINES
from e2e.scene import Scene
from places import BINARY, SOUNDS


DESELECTED = pytest.StashKey()


def make(folder, **settings):
    engine = os.environ.get("ENGINE", "embedded")
    if engine not in ENGINES:
        pytest.exit(f"ENGINE={engine}: there are {', '.join(ENGINES)}", 2)
    return ENGINES[engine](folder, BINARY, SOUNDS, **settings)


def pytest_collection_modifyitems(config, items):
    engine, kept, others = os.environ.get("ENGINE", "embedded"), [], []
    for item in items:
        runs, reason = engines.is_for(
            engine, f"{item.path.name}::{item.name}")
        (kept if runs else others).append(item)
        if not runs:
            config.stash[DESELECTED].append((item.name, reason))
    items[:] = kept
    if others:
        config.hook.pytest_deselected(items=others)


def pytest_configure(config):
    config.stash[DESELECTED] = []


def pytest_terminal_summary(terminalreporter, config):
    for name, reason in config.stash[DESELECTED]:
        terminalreporter.write_line(f"DESELECTED {name}: {reason}")


def finish(gateway):
    wrong = gateway.stop()
    if wrong:
        pytest.fail("the gateway:\n" + "\n".join(wrong) + "\n--- its log\n" +
                    "\n".join(gateway.log().splitlines()[-60:]),
                    pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    for name in ("gateway", "gateway_with", "freeswitch_with"):
        fixture = item.funcargs.get(name) if hasattr(item, "funcargs") \
            else None
        if report.when == "call" and report.failed and fixture is not None:
            for g in getattr(fixture, "made", [fixture]):
                if g.log_path.exists():
                    report.sections.append(
                        ("log of the gateway",
                         "\n".join(g.log().splitlines()[-150:])))


@pytest.fixture(scope="session")
def shared_gateway(tmp_path_factory):
    """One gateway with common settings for all scenarios that end in peace."""
    g = make(tmp_path_factory.mktemp("gateway")).start()
    yield g
    finish(g)


@pytest.fixture
def gateway(shared_gateway):
    """The shared gateway, found alive and without calls before and after."""
    g = shared_gateway
    if g.process is None or g.process.poll() is not None:
        pytest.fail("the shared gateway is gone:\n" + g.log()[-3000:],
                    pytrace=False)
    seen = len(g.findings())
    yield g
    new = g.findings()[seen:]
    if new:
        pytest.fail("\n".join(new), pytrace=False)


@pytest.fixture
def gateway_with(tmp_path):
    """Makes a gateway of one's own: gateway_with(JIGATE_MAX_CALLS=1)."""
    made = []

    def start(run=True, **settings):
        g = make(tmp_path / f"gateway{len(made)}", **settings)
        made.append(g)
        return g.start() if run else g

    start.made = made
    yield start
    for g in made:
        finish(g)


@pytest.fixture
def freeswitch_with(tmp_path):
    """The same on FreeSWITCH, wherever one is found; for what only that
    engine has: a FreeSWITCH of its own that may come and go."""
    if os.environ.get("ENGINE") == "embedded":
        pytest.skip("ENGINE=embedded: this is about FreeSWITCH")
    made = []

    def start(run=True, kind=gateway_freeswitch.OnFreeSwitch, **settings):
        g = kind(tmp_path / f"gateway{len(made)}", BINARY, SOUNDS, **settings)
        made.append(g)
        return g.start() if run else g

    start.made = made
    yield start
    for g in made:
        finish(g)


@pytest.fixture
def scene(gateway, ear):
    """Scene on the shared gateway: async with scene() as s."""
    return lambda **options: Scene(gateway, ear, **options)
