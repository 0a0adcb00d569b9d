"""jigate.yml: the control service in its container, and a FreeSWITCH with the
environment that its service would be given."""
import pytest

import fsserver
from e2e.scene import Scene
from installed import call_into_meeting
from stack import StackOnFreeSwitch


@pytest.fixture(scope="module")
def stack(docker, image, workshop):
    if not fsserver.program():
        pytest.skip(fsserver.MISSING)
    s = StackOnFreeSwitch(docker, image, workshop / "freeswitch")
    try:
        yield s.start()
    finally:
        wrong = s.stop()
    assert not wrong


async def test_a_call_goes_through_container_and_freeswitch(stack, ear):
    async with Scene(stack, ear) as s:
        await call_into_meeting(s)


def test_the_control_service_is_told_no_password_of_others(stack):
    told = stack.inspect("jigate")["Config"]["Env"]
    assert "FREESWITCH_ESL_PASSWORD=control-secret-77" in told
    for password in (stack.password, stack.jigasi_password):
        assert password not in " ".join(told)
