"""Real phones of other makers: baresip and sipp, as Debian has them."""
import asyncio
import os
import pathlib
import pty
import shutil
import socket
import time

import numpy as np
import pytest

import audio
from e2e.scene import Scene

HERE = pathlib.Path(__file__).parent


def free_udp_port(ip="127.0.0.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((ip, 0))
        return s.getsockname()[1]


class Baresip:
    """baresip on a terminal of its own; it says a tone and records what it
    hears."""

    CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{port}
net_interface 127.0.0.1
audio_player aubridge,out
audio_alert aubridge,alert
audio_source aufile,{folder}/say.wav
audio_buffer 20-160
module_path /usr/lib/baresip/modules
module stdio.so
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
snd_path {folder}
"""

    def __init__(self, folder, gateway):
        self.folder, self.text = folder, ""
        folder.mkdir()
        (folder / "config").write_text(self.CONFIG.format(
            port=free_udp_port(), folder=folder))
        ip, port = gateway.external
        (folder / "accounts").write_text(
            f'"Bea Example" <sip:{gateway.user}@meet.jitsi>'
            f';auth_pass={gateway.password};regint=60'
            f';outbound="sip:{ip}:{port}"\n')
        (folder / "contacts").write_text("")
        audio.write_wav(folder / "say.wav", audio.sine(600, 30))

    async def __aenter__(self):
        ours, theirs = pty.openpty()
        self.fd = ours
        self.process = await asyncio.create_subprocess_exec(
            "baresip", "-f", str(self.folder), stdin=theirs, stdout=theirs,
            stderr=theirs)
        os.close(theirs)
        asyncio.get_running_loop().add_reader(self.fd, self._read)
        return self

    def _read(self):
        try:
            self.text += os.read(self.fd, 65536).decode("utf-8", "replace")
        except OSError:  # the other end of the terminal is closed
            asyncio.get_running_loop().remove_reader(self.fd)

    async def __aexit__(self, kind, error, trace):
        if error:
            print(self.text[-4000:])
        if self.process.returncode is None:
            self.type("q")
            try:
                await asyncio.wait_for(self.process.wait(), 5)
            except asyncio.TimeoutError:
                self.process.kill()
                await self.process.wait()
        asyncio.get_running_loop().remove_reader(self.fd)
        os.close(self.fd)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    async def says(self, text, timeout=10):
        end = asyncio.get_running_loop().time() + timeout
        while text not in self.text:
            if asyncio.get_running_loop().time() > end:
                raise TimeoutError(f"baresip did not say {text!r}")
            await asyncio.sleep(0.05)

    def recording(self):
        path = next(self.folder.glob("dump-*-dec.wav"))
        # The header is written when the file is closed: take the samples.
        data = path.read_bytes()
        return np.frombuffer(data[44:len(data) // 2 * 2], "<i2")


@pytest.mark.skipif(not shutil.which("baresip"), reason="no baresip here")
async def test_baresip_by_ivr_into_a_meeting(gateway, ear, tmp_path):
    async with Scene(gateway, ear) as s, \
            Baresip(tmp_path / "baresip", gateway) as b:
        await s.stats(registrations=2, timeout=10)
        b.type("/dial 1000\n")
        await b.says("Call established")
        for _ in range(100):
            if "enter-id" in ear.names(b.recording()):
                break
            await asyncio.sleep(0.1)
        else:
            raise TimeoutError("enter-id not heard by baresip")
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
