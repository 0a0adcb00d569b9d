"""The tools as an operator uses them, from two terminals; and the demo."""
import asyncio
import os
import sys

import audio
from places import ROOT

TOOLS = ROOT / "tests" / "tools"


async def start(tool, *args, password, **env):
    return await asyncio.create_subprocess_exec(
        sys.executable, "-B", "-u", str(TOOLS / tool), *args,
        env={**os.environ, "SIP_PASSWORD": password, **env},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)


async def test_phone_and_jigasi_from_the_command_line(gateway, ear, tmp_path):
    wav = tmp_path / "heard.wav"
    jigasi = await start(
        "jigasi.py", "--server", "%s:%d" % gateway.internal, "--ip",
        gateway.host(), password=gateway.jigasi_password)
    try:
        said = await asyncio.wait_for(jigasi.stdout.readline(), 10)
        assert b"registered as sip:jigasi@meet.jitsi: 200 OK" in said
        phone = await start(
            "phone.py", "--server", "%s:%d" % gateway.external, "--ip",
            gateway.host(), "--register", "--call", "1000", "--keys", "77#",
            "--keys-after", "4", "--tone", "600", "--seconds", "6",
            "--wav", str(wav), password=gateway.password)
        out, _ = await asyncio.wait_for(phone.communicate(), 30)
        assert phone.returncode == 0, out.decode()
        assert b"registered as" in out and b"keyed 77#" in out
        said = await asyncio.wait_for(jigasi.stdout.readline(), 5)
        assert b"call for room '77' from 'Test phone" in said
    finally:
        jigasi.terminate()
        await jigasi.wait()
    heard = ear.names(audio.read_wav(wav)[0])
    assert heard[0] == "enter-id" and "in-conference" in heard


async def test_a_refused_phone_says_so(gateway):
    phone = await start(
        "phone.py", "--server", "%s:%d" % gateway.external, "--ip",
        gateway.host(), "--call", "no%20room", password=gateway.password)
    out, _ = await asyncio.wait_for(phone.communicate(), 30)
    assert phone.returncode == 1
    assert b"phone: refused: 404" in out and b"Traceback" not in out


async def test_the_demo_passes_and_says_so_last(tmp_path, ear):
    wav = tmp_path / "demo.wav"
    demo = await start("demo.py", str(wav), password="")
    out, _ = await asyncio.wait_for(demo.communicate(), 90)
    lines = out.decode().strip().splitlines()
    assert demo.returncode == 0 and lines[-1] == "demo passed", out.decode()
    assert str(wav) in out.decode()
    heard = ear.names(audio.read_wav(wav)[0])
    for name in ("enter-id", "in-conference", "muted", "unmuted",
                 "hand-raised"):
        assert name in heard


async def test_a_demo_that_fails_says_why_last(tmp_path):
    demo = await start("demo.py", str(tmp_path / "x.wav"), password="",
                       JIGATE_BIN="/bin/false")
    out, _ = await asyncio.wait_for(demo.communicate(), 30)
    assert demo.returncode == 1
    assert out.decode().strip().splitlines()[-1].startswith("demo failed: ")
