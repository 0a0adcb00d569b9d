"""Fixtures of the torture tests: the real gateway under sanitizers, sources
that are each used once, and the question whether it is still well."""
import pytest

from e2e.conftest import (finish, gateway, gateway_with, make,  # noqa: F401
                          pytest_runtest_makereport, shared_gateway)
from wire import Sources, Udp


@pytest.fixture(scope="session")
def sources(shared_gateway):  # noqa: F811
    return Sources(shared_gateway.net)


@pytest.fixture
def well(sources):
    """Call it after each outrage: the gateway lives, answers HTTP, answers
    OPTIONS of a stranger, and lets a user with the password register."""
    def check(g, user=True, tell=""):
        assert g.process.poll() is None, f"gateway ended {tell}"
        assert g.get("/health")[0] == 200, tell
        with Udp(sources.next(), g.external) as s:
            r = s.request("OPTIONS", f"sip:{g.external[0]}", timeout=5)
            assert r is not None and r.status == 200, f"OPTIONS: {r} {tell}"
            if user:
                r = s.register(g, timeout=5)
                assert r is not None and r.status == 200, \
                    f"REGISTER: {r} {tell}"
    return check
