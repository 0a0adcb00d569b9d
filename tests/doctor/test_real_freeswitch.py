"""The doctor at a real FreeSWITCH with our configuration, each time with
another fault made in it."""
import asyncio

import pytest

import fsserver
from doctor import GOOD, doctor, free_port
from jigasi import Jigasi


@pytest.fixture
def server_with(tmp_path):
    if not fsserver.program():
        pytest.skip(fsserver.MISSING)
    made = []

    def start(**settings):
        made.append(fsserver.FreeSwitch(tmp_path / f"fs{len(made)}",
                                        **settings))
        return made[-1].start()

    yield start
    for s in made:
        s.stop()


def look(tmp_path, server, **settings):
    return doctor(env={
        **GOOD, "JIGATE_ENGINE": "freeswitch",
        "FREESWITCH_SERVER": server.control[0],
        "FREESWITCH_ESL_PASSWORD":
            server.settings["FREESWITCH_ESL_PASSWORD"],
        "REST_PORT": str(free_port()), "JIGATE_STATE_DIR": str(tmp_path),
        "FREESWITCH_EXTERNAL_EXT_IP": "9.9.9.9", **settings})


async def beside(look_h, server, **options):
    """Run the doctor while a Jigasi is registered."""
    async with Jigasi(server.jigasi_password, server.internal,
                      ip=server.host(), **options) as j:
        assert (await j.register()).status == 200
        await asyncio.sleep(0.5)  # sofia writes its table behind its answer
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, look_h)


async def test_faults_that_come_and_go(tmp_path, server_with):
    s = server_with()
    d = await beside(lambda: look(tmp_path, s), s)
    d.expect("ok", "freeswitch", f"logged in at {s.control[0]} port 8021",
             "1 Jigasi registered and answering")
    s.api("sofia profile internal flush_inbound_reg")
    await asyncio.sleep(1)
    look(tmp_path, s).expect("fault", "freeswitch", "no Jigasi is registered",
                             f"at {s.control[0]}")
    d = look(tmp_path, s, FREESWITCH_ESL_PASSWORD="Zq7-another-9f2kdUUw1x")
    d.expect("fault", "freeswitch", "does not take the password")
    look(tmp_path, s, FREESWITCH_ESL_PORT="8022").expect(
        "fault", "freeswitch", "refuses connections")
    for _ in range(40):  # not before it has run for 10 s
        s.api("sofia profile internal stop")
        if "internal" not in s.api("sofia status"):
            break
        await asyncio.sleep(1)
    d = look(tmp_path, s)
    d.expect("fault", "freeswitch", "the SIP profile internal",
             "does not run", "JIGASI_SIP_PORT")
    assert "no Jigasi" not in d.raw and "profile external" not in d.raw
    s.stop()
    look(tmp_path, s).expect("fault", "freeswitch", "refuses connections")


def test_an_access_list_without_us(tmp_path, server_with):
    s = server_with()
    s.stop()
    s.settings["FREESWITCH_ESL_ALLOWED"] = "10.9.9.0/24"
    s.start()  # asks from the address of its own, which is always let in
    look(tmp_path, s).expect("fault", "freeswitch", "by its access list",
                             "FREESWITCH_ESL_ALLOWED")


def test_each_of_several_nodes_is_told(tmp_path, server_with):
    s = server_with()
    d = look(tmp_path, s, FREESWITCH_SERVER=f"{s.control[0]}:8021,"
             f"{s.control[0]}:8029,no-such-host.invalid")
    d.expect("fault", "freeswitch", "no Jigasi", "port 8021")
    d.expect("fault", "freeswitch", "port 8029", "refuses")
    d.expect("fault", "freeswitch", "no-such-host.invalid", "leads nowhere")
