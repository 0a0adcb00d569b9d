"""baresip, a real phone program, at the end of a terminal."""
import asyncio
import os
import pty
import socket

import numpy as np

import audio


def free_udp_port(ip="127.0.0.1"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((ip, 0))
        return s.getsockname()[1]


class Baresip:
    """baresip on a terminal of its own; it says a tone and records what it
    hears."""

    CONFIG = """\
poll_method epoll
sip_listen {ip}:{port}
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
{modules}module_tmp account.so
module_app menu.so
snd_path {folder}
"""

    def __init__(self, folder, gateway, modules=(), options="",
                 account=None, listen=None):
        """options are of baresip's account line; account is the user, the
        password and the side's (address, port); listen is the address and
        port where it can be called without having registered."""
        self.folder, self.text = folder, ""
        folder.mkdir()
        at = listen or ("127.0.0.1", free_udp_port())
        (folder / "config").write_text(self.CONFIG.format(
            ip=at[0], port=at[1], folder=folder,
            modules="".join(f"module {m}.so\n" for m in modules)))
        user, password, (ip, port) = account or (
            gateway.user, gateway.password, gateway.external)
        (folder / "accounts").write_text(
            f'"Bea Example" <sip:{user}@meet.jitsi>'
            f';auth_pass={password};regint={0 if listen else 60}'
            f';outbound="sip:{ip}:{port}"{options}\n')
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

    async def hears(self, ear, name, timeout=10):
        """Wait until it has heard the prompt."""
        end = asyncio.get_running_loop().time() + timeout
        while name not in ear.names(self.recording()):
            if asyncio.get_running_loop().time() > end:
                raise TimeoutError(f"{name} not heard by baresip")
            await asyncio.sleep(0.1)

    def recording(self):
        """What it has heard so far; nothing before its audio begins."""
        data = b""
        for path in self.folder.glob("dump-*-dec.wav"):
            data = path.read_bytes()
        # The header is written when the file is closed: take the samples.
        return np.frombuffer(data[44:len(data) // 2 * 2], "<i2")
