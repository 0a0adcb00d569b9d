"""A bad line from the far sides to the gateway, made of namespaces:

  far 10.0.0.10 … -- nftables loses 5 % -- relay: delay -- 10.0.0.1, .2 gateway

The relay takes Ethernet frames from one cable and gives them to the other.
Audio toward the gateway is held for up to 40 ms, in its order but for one
packet of a hundred, which its follower overtakes; all else passes at once."""
import heapq
import multiprocessing
import os
import random
import select
import socket
import struct
import time

import space
from stream import hurry

LOSS_PERCENT = 5
JITTER_S = 0.04
REORDERED = 0.01
HELD_BACK_S = 0.03
ETH_P_ALL = 3
OUTGOING = 4            # PACKET_OUTGOING of <linux/if_packet.h>
SIP = 5060
FAR, PHONES_SIDE, JIGASI_SIDE = "10.0.0.10", "10.0.0.1", "10.0.0.2"


def _udp(frame):
    """Where UDP begins in an Ethernet frame, or None."""
    if len(frame) < 42 or frame[12:14] != b"\x08\0" or frame[23] != 17:
        return None
    return 14 + 4 * (frame[14] & 15)


def _audio(frame, at):
    """(source port, sequence number) of RTP, or None."""
    if at is None or len(frame) < at + 20:
        return None
    ports = struct.unpack("!HH", frame[at:at + 4])
    if SIP in ports or 192 <= frame[at + 9] <= 223:
        return None
    return ports[0], struct.unpack("!H", frame[at + 10:at + 12])[0]


class _Delay:
    """When a packet may go on."""

    def __init__(self):
        self._random = random.Random(5)
        self._last = {}

    def due(self, stream, now):
        due = max(now + self._random.uniform(0, JITTER_S),
                  self._last.get(stream, 0))
        if self._random.random() < REORDERED:
            return due + HELD_BACK_S
        self._last[stream] = due
        return due


def _relay(pipe):
    """The child; tells what audio passed when it is asked to."""
    hurry()
    far, near = (socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                               socket.htons(ETH_P_ALL)) for _ in range(2))
    far.bind(("far", 0))
    near.bind(("near", 0))
    passed, held, delay, number = [], [], _Delay(), 0
    while True:
        now = time.monotonic()
        while held and held[0][0] <= now:
            near.send(heapq.heappop(held)[2])
        wait = held[0][0] - now if held else None
        ready, _, _ = select.select([far, near, pipe], [], [], wait)
        if pipe in ready:
            pipe.recv()
            pipe.send(passed)
            ready.remove(pipe)
        for s in ready:
            frame, (_, _, kind, *_) = s.recvfrom(2048)
            if kind == OUTGOING:
                continue
            at = _udp(frame)
            if at is not None:  # a veth leaves the checksum to the hardware
                frame = frame[:at + 6] + b"\0\0" + frame[at + 8:]
            packet = _audio(frame, at) if s is far else None
            if packet is None:
                (near if s is far else far).send(frame)
                continue
            passed.append(packet)
            number += 1
            heapq.heappush(held, (delay.due(packet[0], time.monotonic()),
                                  number, frame))


class BadLine:
    def __init__(self):
        self.far, self.middle, self.site = (space.Space() for _ in range(3))
        self.far.link("eth0", self.middle, "far")
        self.middle.link("near", self.site, "eth0")
        self.far.run(f"ip addr add {FAR}/24 dev eth0")
        self.site.run(f"ip addr add {PHONES_SIDE}/24 dev eth0;"
                      f"ip addr add {JIGASI_SIDE}/24 dev eth0")
        self._pipe, there = multiprocessing.Pipe()
        with self.middle.entered():
            self._child = multiprocessing.get_context("fork").Process(
                target=_relay, args=(there,))
            self._child.start()

    def lose(self):
        """From now on audio toward the gateway is lost at random."""
        self.far.run(
            "nft add table ip n; nft 'add chain ip n out "
            "{ type filter hook output priority 0; }';"
            f"nft add rule ip n out udp dport != {SIP}"
            f" numgen random mod 100 '<' {LOSS_PERCENT} drop")

    def repair(self):
        self.far.run("nft delete table ip n")

    def passed(self):
        """{(source port, sequence number)} of audio so far."""
        self._pipe.send(None)
        return set(self._pipe.recv())

    def close(self):
        self._child.kill()
        self._child.join()
        for s in (self.far, self.middle, self.site):
            s.close()
