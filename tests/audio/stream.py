"""Both ends of many audio streams: a process of its own that sends payloads
made before in their time, and a codec for the test tools that keeps payloads
as they come."""
import asyncio
import dataclasses
import multiprocessing
import os
import struct
import time

import numpy as np

import library

FRAME_S = 0.02
LATE_S = 0.03   # more than so late says nothing of the gateway
BEGIN_S = 0.1


class Kept:
    """For call.Call; speaks 8 kHz with the tools, and keeps payloads."""

    def __init__(self, name):
        self._codec = library.codec(name, 8000)
        self.name, self.pt = name, self._codec.pt
        self.clock = self._codec.clock
        self.step = self.clock // 50
        self.payloads = []
        self.listening = True    # decode what comes

    def encode(self, frame):
        return self._codec.encode(frame)

    def decode(self, payload):
        self.payloads.append(payload)
        if self.listening:
            return np.array(self._codec.decode(payload), np.int16)
        return np.zeros(0, np.int16)


@dataclasses.dataclass
class Say:
    """What one session says; it stops to send by itself."""
    session: object
    payloads: list

    def key(self, i):
        """(source port, sequence number) of packet i."""
        return self.session.port, (self.session._seq + i) & 0xFFFF

    def packets(self):
        s = self.session
        for i, payload in enumerate(self.payloads):
            yield struct.pack(
                "!BBHII", 0x80, s.send_pt, (s._seq + i) & 0xFFFF,
                (s._ts + i * s.codec.step) & 0xFFFFFFFF, s._ssrc) + payload


def hurry(pid=0):
    """All threads of a process go before other programs, where that may be
    asked for: what they are late says nothing of the gateway."""
    for thread in os.listdir(f"/proc/{pid or 'self'}/task"):
        try:
            os.sched_setscheduler(int(thread), os.SCHED_RR, os.sched_param(1))
        except PermissionError:
            return


def _send(streams, pipe):
    """The child: packets of all streams in turn; tells how late each was."""
    hurry()
    late = np.zeros((len(streams), max(len(p) for _, _, p in streams)))
    begin = time.monotonic() + BEGIN_S
    for i in range(late.shape[1]):
        for k, (socket, remote, packets) in enumerate(streams):
            due = begin + (i + k / len(streams)) * FRAME_S
            now = time.monotonic()
            if now < due:
                time.sleep(due - now)
            if i < len(packets):
                try:
                    socket.sendto(packets[i], remote)
                except PermissionError:
                    pass  # what nftables drops is told to the sender
            late[k, i] = time.monotonic() - due
    pipe.send(late)


async def say_all(says):
    """Say it; for each a flag a frame: it was sent too late."""
    for s in says:
        s.session.sending = False
    streams = [(s.session.socket, s.session.remote, list(s.packets()))
               for s in says]
    here, there = multiprocessing.Pipe(False)
    child = multiprocessing.get_context("fork").Process(
        target=_send, args=(streams, there))
    child.start()
    try:
        while not here.poll():
            if not child.is_alive():
                raise RuntimeError("the sender ended early")
            await asyncio.sleep(0.1)
        late = here.recv()
    finally:
        child.kill()
        child.join()
    return [_around(row[:len(s.payloads)] > LATE_S)
            for s, row in zip(says, late)]


def _around(flags):
    """And what comes near it: buffers remember."""
    return np.convolve(flags, np.ones(11), "same") > 0


class Recording:
    """What a session hears from now on."""

    def __init__(self, session, kept):
        self._session, self._kept = session, kept
        self._packets, self._payloads = len(session.packets), len(kept.payloads)
        kept.listening = False

    def got(self):
        """(sequence number, time stamp, payload) of audio packets."""
        audio = [p for p in self._session.packets[self._packets:]
                 if p[4] == self._kept.pt]
        return [(p[1], p[2], payload) for p, payload
                in zip(audio, self._kept.payloads[self._payloads:])]

    def stats(self):
        return self._session.stats(self._packets)

    def samples(self, rate):
        """Decoded, each where its time stamp says."""
        got = self.got()
        codec = library.codec(self._kept.name, rate)
        first = got[0][1]
        out = np.zeros(rate * 120, np.int16)
        end = 0
        for _, ts, payload in got:
            at = ((ts - first) & 0xFFFFFFFF) * rate // self._kept.clock
            frame = codec.decode(payload)
            if at + len(frame) <= len(out):
                out[at:at + len(frame)] = frame
                end = max(end, at + len(frame))
        return out[:end]
