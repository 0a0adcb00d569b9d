"""One RTP session (RFC 3550) with a 20 ms clock: sends what a source gives,
keys by RFC 4733 or as tones, and keeps all that it hears."""
import asyncio
import collections
import dataclasses
import os
import socket
import struct

import numpy as np

import audio
import rtcp
from space import inside
from watch import Watch

EVENTS = "0123456789*#ABCD"
KEY_MS, PAUSE_MS = 100, 80


@dataclasses.dataclass
class Stats:
    """What came in, in words an operator would use."""
    received: int = 0
    lost: int = 0
    out_of_order: int = 0
    sources: int = 0        # SSRCs seen
    breaks: int = 0         # time stamp did not follow the sequence number
    largest_gap_ms: float = 0.0
    payload_types: tuple = ()

    def __str__(self):
        return (f"{self.received} packets, {self.lost} lost, "
                f"{self.out_of_order} out of order, {self.sources} source(s), "
                f"{self.breaks} time stamp breaks, largest gap "
                f"{self.largest_gap_ms:.0f} ms")


def keep_all(s):
    """Room for a minute of audio: a process that has to wait for its core
    must not lose packets that the gateway sent in time."""
    force = 33  # SO_RCVBUFFORCE of <asm/socket.h>, for root
    for option in (force, socket.SO_RCVBUF):
        try:
            s.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
            return
        except PermissionError:
            pass


def family(ip):
    return socket.AF_INET6 if ":" in ip else socket.AF_INET


def bound(ip, port=0):
    """A UDP socket there."""
    s = socket.socket(family(ip), socket.SOCK_DGRAM)
    try:
        s.bind((ip, port))
    except OSError:
        s.close()
        raise
    s.setblocking(False)
    return s


def free_ports(ip):
    """Two of them, on an even port and the one above it."""
    for _ in range(100):
        try:
            first = bound(ip)
            port = first.getsockname()[1]
            if port % 2:
                first.close()
                continue
            try:
                second = bound(ip, port + 1)
            except OSError:
                first.close()
                continue
            keep_all(first)
            return first, second
        except OSError as e:
            error = e
    raise OSError(f"no free RTP port on {ip}: {error}")


class Control(asyncio.DatagramProtocol):
    """Hands RTCP to the session."""

    def __init__(self, session):
        self.session = session

    def datagram_received(self, data, source):
        self.session.report_in(data, source[:2])


class Session(asyncio.DatagramProtocol, Watch):
    def __init__(self, ip, space=None):
        Watch.__init__(self)
        with inside(space):
            self.socket, self.control_socket = free_ports(ip)
        self.ip, self.port = self.socket.getsockname()[:2]
        self.mux = False           # RTCP on the port of RTP (RFC 5761)
        self.reports = []          # rtcp.Report of the far side
        self.unreadable = 0        # RTCP that is none
        self.keepalives = []       # (time, payload type) without payload
        self.sent = [0, 0]         # packets, octets of payload
        self._control = None
        self._far_sr = None        # (middle of its NTP time, time it came)
        self.remote = None
        self.codec = None          # what we send
        self.send_pt = None
        self.event_pt = None       # what the far side calls telephone-event
        self.decoders = {}         # what we announced: pt -> codec
        self.our_event_pt = None
        self.sending = True
        self.source = audio.silence()
        self.frozen = False        # neither send nor keep anything
        self.ptime = 20            # ms in a packet sent: 20, 40 or 60 …
        self.wished_ptime = 20     # … and in one received
        self.keys_heard = []
        self.packets = []          # (time, seq, ts, ssrc, pt, marker)
        self.strangers = 0         # packets from elsewhere than the far side
        self.on_frame = None       # given each decoded frame, for echo
        self._pieces = []          # (position, samples)
        self._end = 0              # end of the recording, in samples
        self._zero = None          # time of sample 0
        self._last = None          # (seq, ts, position, ssrc) of last audio
        self._gathered = []        # frames of a packet not yet full
        self._plan = collections.deque()  # keys to come: (kind, key, frame)
        self._seq = int.from_bytes(os.urandom(2), "big")
        self._ts = int.from_bytes(os.urandom(4), "big")
        self._ssrc = int.from_bytes(os.urandom(4), "big")
        self._event_ts = 0
        self._marker = True
        self._last_event = None
        self._task = None
        self._transport = None

    async def start(self):
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, sock=self.socket)
        self._control, _ = await loop.create_datagram_endpoint(
            lambda: Control(self), sock=self.control_socket)
        self._zero = loop.time()

    def close(self):
        """Take what has come already, then no more: a BYE may overtake the
        audio before it on the way through this process."""
        if self._task:
            self._task.cancel()
        while self._transport and not self._transport.is_closing():
            try:
                self._packet_in(*self.socket.recvfrom(4096))
            except OSError:
                break  # nothing is left
        for transport, s in ((self._transport, self.socket),
                             (self._control, self.control_socket)):
            if transport:
                transport.close()
            else:
                s.close()

    def agreed(self, remote, codec, send_pt, event_pt, decoders, our_event_pt,
               sending):
        """Tell what offer and answer came to; starts the clock."""
        self.remote, self.codec, self.send_pt = remote, codec, send_pt
        self.event_pt, self.our_event_pt = event_pt, our_event_pt
        self.decoders, self.sending = decoders, sending
        if self._task is None:
            self._task = asyncio.ensure_future(self._run())

    # ---- sending ----

    async def _run(self):
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self._tick()
            due += 0.02
            if loop.time() - due > 0.2:  # this machine slept: do not burst
                due = loop.time()
            await asyncio.sleep(max(0, due - loop.time()))

    def _tick(self):
        if not self.sending or self.frozen or self.remote is None \
                or not self.remote[1]:
            return
        step = self.codec.step
        if self._plan:
            kind, key, n, count = self._plan.popleft()
            if not self._plan:
                self.changed()
            if kind == "event":
                self._send_event(key, n, count)
                self._ts = (self._ts + step) & 0xFFFFFFFF
                return
            frame = key[n * audio.FRAME:(n + 1) * audio.FRAME] \
                if kind == "tone" else audio.SILENCE
        else:
            frame = self.source()
        if frame is not None:
            self._gathered.append(frame)
        if len(self._gathered) >= self.ptime // 20:
            late = (len(self._gathered) - 1) * step
            frame = np.concatenate(self._gathered)
            self._gathered = []
            self._send(self.send_pt, (self._ts - late) & 0xFFFFFFFF,
                       self.codec.encode(frame), self._marker)
            self._marker = False
        self._ts = (self._ts + step) & 0xFFFFFFFF

    def _send_event(self, key, n, count):
        if n == 0:
            self._event_ts = self._ts
        # The last three packets are the end, said three times.
        last = n >= count - 3
        # In units of telephone-event's own clock, 8 kHz here (RFC 4733).
        duration = min(n + 1, count - 2) * audio.FRAME
        payload = struct.pack("!BBH", EVENTS.index(key),
                              (0x80 if last else 0) | 10, duration)
        self._send(self.event_pt, self._event_ts, payload, n == 0)

    def _send(self, pt, ts, payload, marker):
        head = struct.pack("!BBHII", 0x80, pt | (0x80 if marker else 0),
                           self._seq, ts, self._ssrc)
        self._seq = (self._seq + 1) & 0xFFFF
        self.sent[0] += 1
        self.sent[1] += len(payload)
        if self._transport and not self._transport.is_closing():
            self._transport.sendto(head + payload, self.remote)

    async def key(self, keys, how, ms=KEY_MS, pause_ms=PAUSE_MS):
        """Send keys as "rfc4733" events or "inband" tones; returns when they
        are out."""
        frames, pause = max(3, ms // 20), max(1, pause_ms // 20)
        for k in keys:
            if how == "inband":
                data = audio.dtmf(k, frames * 0.02)
                self._plan.extend(("tone", data, i, 0) for i in range(frames))
            else:
                if self.event_pt is None:
                    raise RuntimeError("no telephone-event agreed")
                count = frames + 2
                self._plan.extend(("event", k, i, count)
                                  for i in range(count))
            self._plan.extend(("pause", None, 0, 0) for i in range(pause))
        await self.until(lambda: not self._plan, 1 + len(keys) * 2,
                         "all keys sent")

    # ---- receiving ----

    def datagram_received(self, data, source):
        """asyncio gives one packet a turn; take all that wait."""
        self._packet_in(data, source)
        while not self._transport.is_closing():
            try:
                self._packet_in(*self.socket.recvfrom(4096))
            except OSError:
                break
        self.changed()

    def _packet_in(self, data, source):
        source = source[:2]
        if self.frozen or len(data) < 2 or data[0] >> 6 != 2:
            return
        if 192 <= data[1] <= 223:
            self.report_in(data, source)
            return
        if len(data) < 12:
            return
        if self.remote and source != self.remote:
            self.strangers += 1
        b0, b1, seq, ts, ssrc = struct.unpack("!BBHII", data[:12])
        at = 12 + 4 * (b0 & 15)
        pt, marker = b1 & 0x7F, b1 >> 7
        now = asyncio.get_running_loop().time()
        self.packets.append((now, seq, ts, ssrc, pt, marker))
        payload = data[at:]
        if not payload:
            self.keepalives.append((now, pt))
        if pt == self.our_event_pt and self.our_event_pt is not None:
            if len(payload) >= 4 and payload[0] < len(EVENTS) \
                    and (ssrc, ts) != self._last_event:
                self._last_event = (ssrc, ts)
                self.keys_heard.append(EVENTS[payload[0]])
        elif pt in self.decoders:
            codec = self.decoders[pt]
            frame = codec.decode(payload)
            self._keep(now, seq, ts, ssrc, codec, frame)
            if self.on_frame:
                self.on_frame(frame)

    # ---- RTCP ----

    def report_in(self, data, source):
        now = asyncio.get_running_loop().time()
        try:
            r = rtcp.decode(data, source, now)
        except (ValueError, IndexError):
            self.unreadable += 1
            return
        if r.sender:
            self._far_sr = (r.sender[0] >> 16 & 0xFFFFFFFF, now)
        self.reports.append(r)
        self.changed()

    def block(self, **figures):
        """What we have to report of the far side."""
        ssrc, seq = (self.packets[-1][3], self.packets[-1][1]) \
            if self.packets else (0, 0)
        out = rtcp.Block(ssrc, highest=seq)
        if self._far_sr:
            now = asyncio.get_running_loop().time()
            out.lsr = self._far_sr[0]
            out.dlsr = int((now - self._far_sr[1]) * 65536)
        for name, value in figures.items():
            setattr(out, name, value)
        return out

    def report(self, bye=False, to=None, **figures):
        """Send a report of our own."""
        self.report_raw(rtcp.encode(
            self._ssrc, (rtcp.ntp(), self._ts, *self.sent),
            [self.block(**figures)], bye=bye), to)

    def report_raw(self, data, to=None):
        s = self.socket if self.mux else self.control_socket
        s.sendto(data, to or (self.remote[0],
                              self.remote[1] + (0 if self.mux else 1)))

    def _keep(self, now, seq, ts, ssrc, codec, frame):
        """Place a frame in the recording: where its time stamp says, however
        late it is read; the first of a source, and one whose time stamp
        jumps, where it arrives."""
        place = max(int((now - self._zero) * audio.RATE), self._end)
        if self._last and self._last[3] == ssrc:
            delta = (ts - self._last[1] + 2**31) % 2**32 - 2**31
            if abs(delta) < 60 * codec.clock:
                place = self._last[2] + delta * audio.RATE // codec.clock
        self._last = (seq, ts, place, ssrc)
        if place >= 0:
            self._pieces.append((place, frame))
            self._end = max(self._end, place + len(frame))

    def mark(self):
        """A place in the recording: now."""
        return self._end

    def heard(self, since=0):
        """All that was heard since a mark, as one array."""
        first = len(self._pieces)
        while first and self._pieces[first - 1][0] >= since - audio.RATE:
            first -= 1
        out = np.zeros(max(0, self._end - since), np.int16)
        for place, frame in self._pieces[first:]:
            start = place - since
            if start < 0:
                frame, start = frame[-start:], 0
            out[start:start + len(frame)] = frame[:len(out) - start]
        return out

    def stats(self, since_packet=0):
        p = self.packets[since_packet:]
        out = Stats(received=len(p),
                    sources=len({x[3] for x in p}),
                    payload_types=tuple(sorted({x[4] for x in p})))
        steps = {pt: c.step * self.wished_ptime // 20
                 for pt, c in self.decoders.items()}
        for a, b in zip(p, p[1:]):
            out.largest_gap_ms = max(out.largest_gap_ms,
                                     (b[0] - a[0]) * 1000)
            if a[3] != b[3]:
                continue
            ahead = (b[1] - a[1] + 32768) % 65536 - 32768
            if ahead <= 0:
                out.out_of_order += 1
            else:
                out.lost += ahead - 1
            if a[4] == b[4] and a[4] in steps and ahead > 0:
                moved = (b[2] - a[2]) % 2**32
                wanted = ahead * steps[a[4]]
                # A marker says that there was silence before (RFC 3551, 4.1).
                if moved != wanted and not (b[5] and
                                            wanted < moved < 2**31):
                    out.breaks += 1
        return out

    def flowing(self, packets=10):
        """A condition: that many more packets have come since it was made."""
        goal = len(self.packets) + packets
        return lambda: len(self.packets) >= goal


def echo(session):
    """Say back what is heard."""
    fifo = collections.deque(maxlen=10)

    def split(frame):
        fifo.extend(frame[i:i + audio.FRAME]
                    for i in range(0, len(frame), audio.FRAME))

    session.on_frame = split
    session.source = lambda: fifo.popleft() if fifo else audio.SILENCE
