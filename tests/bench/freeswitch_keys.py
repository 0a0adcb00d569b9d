"""From FreeSWITCH's key event to the INFO toward Jigasi, with a real
FreeSWITCH: both are seen on the loopback device, with the kernel's times.

    tests/bench/freeswitch_keys.py BUILD_DIR COUNT

prints "NAME VALUE UNIT" lines. Exit: 0; 1 when a key led to no INFO; 77 when
it could not be measured here (no FreeSWITCH, not root), with the reason.
"""
import asyncio
import os
import pathlib
import re
import socket
import statistics
import struct
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
ESL_PORT = 8021
ETH_P_IP = 0x0800
SO_TIMESTAMPNS = 35
KEY = re.compile(rb"^DTMF-Digit: 6$", re.M)
SKIPPED = 77


class Wire:
    """What goes over loopback: times of key events and of INFO, in s."""

    def __init__(self, jigasi_port):
        self.jigasi_port = jigasi_port
        self.keys, self.infos = [], []
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                    socket.htons(ETH_P_IP))
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind(("lo", ETH_P_IP))
        self.socket.settimeout(0.2)
        self.ended = False
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def close(self):
        self.ended = True
        self.thread.join()
        self.socket.close()

    def _watch(self):
        while not self.ended:
            try:
                packet, extra, _, source = self.socket.recvmsg(65600, 256)
            except TimeoutError:
                continue
            if source[2] != socket.PACKET_OUTGOING:  # each is seen twice
                self._look(packet, extra)

    def _look(self, packet, extra):
        head = (packet[0] & 15) * 4
        sport, dport = struct.unpack_from("!HH", packet, head)
        if packet[9] == socket.IPPROTO_TCP and sport == ESL_PORT and \
                KEY.search(packet):
            self.keys.append(self._time(extra))
        elif packet[9] == socket.IPPROTO_UDP and \
                dport == self.jigasi_port and \
                packet[head + 8:head + 13] == b"INFO " and \
                b"muteRequest" in packet:
            self.infos.append(self._time(extra))

    @staticmethod
    def _time(extra):
        seconds, ns = struct.unpack("qq", extra[0][2][:16])
        return seconds + ns / 1e9


async def until(condition, timeout=5):
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    while not condition() and loop.time() < end:
        await asyncio.sleep(0.02)
    return condition()


async def measure(gateway, count):
    """Milliseconds of each key, and how many led to nothing."""
    from e2e.scene import Scene
    times, lost = [], 0

    async with Scene(gateway, None) as s:
        call, meeting = await s.join("room")
        await asyncio.sleep(1)
        wire = Wire(s.jigasi.endpoint.port)
        try:
            for _ in range(count):
                keys, infos = len(wire.keys), len(wire.infos)
                await call.keys("*6")
                if await until(lambda: len(wire.infos) > infos and
                               len(wire.keys) > keys):
                    times.append(1000 * (wire.infos[infos] -
                                         wire.keys[keys]))
                else:
                    lost += 1
                await asyncio.sleep(0.3)
        finally:
            wire.close()
        await call.hang_up()
    return times, lost


def main():
    build, count = sys.argv[1], int(sys.argv[2])
    os.environ["JIGATE_BUILD"] = str(pathlib.Path(build).resolve())
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/tools")]
    import fsserver
    from e2e.gateway_freeswitch import OnFreeSwitch
    from places import BINARY, SOUNDS

    if not fsserver.program():
        print(fsserver.MISSING, file=sys.stderr)
        return SKIPPED
    if os.geteuid() != 0:
        print("only root may watch the loopback device", file=sys.stderr)
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="jigate-bench-") as folder:
        gateway = OnFreeSwitch(folder, BINARY, SOUNDS)
        try:
            gateway.start()
            times, lost = asyncio.run(measure(gateway, count))
        finally:
            wrong = gateway.stop()
    for line in wrong:
        print(line, file=sys.stderr)
    if not times:
        print("no key led to an INFO", file=sys.stderr)
        return 1
    print(f"keys {len(times)} keys")
    print(f"lost {lost} keys")
    print(f"median {statistics.median(times):.3f} ms")
    print(f"p95 {sorted(times)[int(0.95 * len(times))]:.3f} ms")
    print(f"max {max(times):.3f} ms")
    return 1 if lost or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
