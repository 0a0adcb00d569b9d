"""Fixtures of the audio tests: those of the end-to-end tests."""
from e2e.conftest import (finish, gateway, gateway_with,  # noqa: F401
                          pytest_runtest_makereport, shared_gateway)
