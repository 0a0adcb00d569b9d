"""RTCP of one RTP session (RFC 3550, section 6): sends reports when told to,
and keeps what the far side reports. Shares nothing with the program."""
import dataclasses
import struct
import time

SR, RR, SDES, BYE = 200, 201, 202, 203
NTP_EPOCH = 2208988800


def ntp(now=None):
    """Wall clock as a 64-bit NTP time stamp."""
    return int(((now or time.time()) + NTP_EPOCH) * 2**32)


@dataclasses.dataclass
class Block:
    ssrc: int
    fraction: int = 0
    lost: int = 0
    highest: int = 0
    jitter: int = 0
    lsr: int = 0
    dlsr: int = 0

    def encode(self):
        return struct.pack("!IIIIII", self.ssrc, self.fraction << 24 |
                           self.lost & 0xFFFFFF, self.highest, self.jitter,
                           self.lsr, self.dlsr)


@dataclasses.dataclass
class Report:
    """One compound packet."""
    at: float
    kind: int
    ssrc: int
    source: tuple
    sender: tuple = None      # NTP, RTP time stamp, packets, octets
    blocks: tuple = ()
    cname: str = None
    bye: bool = False


def head(count, kind, body):
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def encode(ssrc, sender=None, blocks=(), cname="test", bye=False):
    """A compound packet: SR or RR, SDES, BYE."""
    body = struct.pack("!I", ssrc)
    if sender:
        body += struct.pack("!QIII", *sender)
    body += b"".join(b.encode() for b in blocks)
    out = head(len(blocks), SR if sender else RR, body)
    item = struct.pack("!IBB", ssrc, 1, len(cname)) + cname.encode()
    item += b"\0" * (4 - len(item) % 4)
    out += head(1, SDES, item)
    if bye:
        out += head(1, BYE, struct.pack("!I", ssrc))
    return out


def decode(data, source=None, at=0.0):
    """Read a compound packet; raises ValueError where a byte is amiss."""
    report = None
    while data:
        b0, kind, words = struct.unpack("!BBH", data[:4])
        part, data = data[4:4 + 4 * words], data[4 + 4 * words:]
        if b0 >> 6 != 2 or len(part) != 4 * words or b0 & 0x20:
            raise ValueError("no RTCP")
        count = b0 & 31
        if kind in (SR, RR):
            report = Report(at, kind, struct.unpack("!I", part[:4])[0],
                            source)
            part = part[4:]
            if kind == SR:
                report.sender = struct.unpack("!QIII", part[:20])
                part = part[20:]
            if len(part) != 24 * count:
                raise ValueError("blocks do not fit")
            for i in range(0, len(part), 24):
                v = struct.unpack("!IIIIII", part[i:i + 24])
                lost = v[1] & 0xFFFFFF
                report.blocks += (Block(
                    v[0], v[1] >> 24, lost - (lost >> 23 << 24), *v[2:]),)
        elif report is None:
            raise ValueError("begins with no report")
        elif kind == SDES:
            if part[4] != 1 or struct.unpack("!I", part[:4])[0] != \
                    report.ssrc:
                raise ValueError("no CNAME")
            report.cname = part[6:6 + part[5]].decode()
        elif kind == BYE:
            report.bye = report.ssrc in struct.unpack(f"!{count}I",
                                                      part[:4 * count])
    if report is None:
        raise ValueError("empty")
    return report
