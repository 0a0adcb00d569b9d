"""Fixtures of the tests of jigate doctor."""
import ctypes
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from gateway import ENGINES  # noqa: E402
from places import BINARY, SOUNDS  # noqa: E402

CLONE_NEWNET = 0x40000000


@pytest.fixture
def gateway_with(tmp_path):
    """Starts gateways of one's own; they must end well."""
    made = []

    def start(**settings):
        g = ENGINES["embedded"](tmp_path / f"gateway{len(made)}", BINARY,
                                SOUNDS, **settings)
        made.append(g)
        return g.start()

    yield start
    for g in made:
        wrong = g.stop()
        if wrong:
            pytest.fail("\n".join(wrong) + "\n" + g.log()[-3000:],
                        pytrace=False)


@pytest.fixture
def network():
    """A network of one's own for this test; takes addresses to have."""
    libc = ctypes.CDLL(None, use_errno=True)
    old = os.open("/proc/self/ns/net", os.O_RDONLY)
    if libc.unshare(CLONE_NEWNET):
        os.close(old)
        pytest.skip("no right to make a network namespace")

    def add(*addresses):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for address in addresses:
            subprocess.run(["ip", "address", "add", address, "dev", "lo"],
                           check=True)

    try:
        yield add
    finally:
        assert libc.setns(old, CLONE_NEWNET) == 0
        os.close(old)
