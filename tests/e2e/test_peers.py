"""Real phones of other makers: baresip and sipp, as Debian has them."""
import asyncio
import pathlib
import shutil
import time

import pytest

from e2e.baresip import Baresip, free_udp_port
from e2e.scene import Scene

HERE = pathlib.Path(__file__).parent


@pytest.mark.skipif(not shutil.which("baresip"), reason="no baresip here")
async def test_baresip_by_ivr_into_a_meeting(gateway, ear, tmp_path):
    async with Scene(gateway, ear) as s, \
            Baresip(tmp_path / "baresip", gateway) as b:
        await s.stats(registrations=2, timeout=10)
        b.type("/dial 1000\n")
        await b.says("Call established")
        await b.hears(ear, "enter-id")
        b.type("4711#")
        meeting = await s.jigasi.next_call(10)
        assert meeting.room == "4711" and "Bea Example" in meeting.caller
        await s.hears_tone(meeting, 600)
        b.type("*6")
        await s.hears_silence(meeting)
        await meeting.wait(lambda: meeting.muted, 4)
        b.type("*6")
        await s.hears_tone(meeting, 600)
        b.type("x")  # hold
        await s.hears_nothing(meeting)
        b.type("X")  # resume
        await s.hears_tone(meeting, 600)
        await meeting.end()
        await b.says("terminated", 15)
        await s.stats(activeCalls=0)
    names = ear.names(b.recording())
    assert names[0] == "enter-id" and "muted" in names, names
    await asyncio.to_thread(wait_unregistered, gateway)


def wait_unregistered(gateway):
    """baresip unregisters when it quits."""
    end = time.monotonic() + 5
    while gateway.stats()["registrations"]:
        assert time.monotonic() < end, "baresip is still registered"
        time.sleep(0.05)


@pytest.mark.skipif(not shutil.which("sipp"), reason="no sipp here")
@pytest.mark.parametrize("transport", ("u1", "t1"))
async def test_sipp_calls(gateway, ear, tmp_path, transport):
    async with Scene(gateway, ear) as s:
        scenario = tmp_path / "call.xml"
        scenario.write_text((HERE / "peers/call.xml").read_text().replace(
            "PASSWORD", gateway.password))
        ip, port = gateway.external
        own = gateway.host()
        p = await asyncio.create_subprocess_exec(
            "sipp", f"{ip}:{port}", "-sf", str(scenario), "-s", "room",
            "-i", own, "-p", str(free_udp_port(own)), "-t", transport,
            "-mi", own, "-mp", str(free_udp_port(own) & ~1), "-m", "20",
            "-r", "10", "-l", "20", "-timeout", "30", "-timeout_error",
            "-nostdin", "-trace_err", cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT)
        out, _ = await p.communicate()
        errors = "".join(f.read_text()[:2000]
                         for f in tmp_path.glob("*errors*"))
        assert p.returncode == 0, out.decode()[-2500:] + errors
        assert len(s.jigasi.calls) == 20
        assert all(c.caller.startswith("sipp ") for c in s.jigasi.calls)
        await s.stats(activeCalls=0)
