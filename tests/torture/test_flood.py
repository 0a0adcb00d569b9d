"""Thousands of damaged messages, the same in every run, against both sides
of the gateway under sanitizers. What each gets does not matter; that nothing
breaks and nobody else notices does."""
import random

import pytest

import sipmsg
from wire import DATA, Tcp, Udp, load

SDP = (b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
       b"t=0 0\r\nm=audio 4000 RTP/AVP 111 0 8 101\r\n"
       b"a=rtpmap:111 opus/48000/2\r\na=rtpmap:101 telephone-event/8000\r\n"
       b"a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n")
METHODS = ("INVITE", "ACK", "BYE", "CANCEL", "INFO", "OPTIONS", "REGISTER",
           "UPDATE", "PRACK", "REFER", "SUBSCRIBE", "MESSAGE")
# Bytes and words that parsers trip over.
WORDS = [b"\0", b"\r\n", b"\r\n ", b"\xff", b"%00", b"%", b'"', b"<", b">",
         b";", b",", b":", b"@", b"[::1]", b"65536", b"-1", b"4294967296",
         b" " * 300, b"a" * 3000, b"SIP/2.0", b"Digest ", b"\r\n\r\n",
         b"m=audio 0 RTP/AVP", b"Content-Length: 5\r\n", b"*", b"=", b"\\"]


def damage(dice, data):
    data = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 3, 8))):
        at = dice.randrange(len(data) + 1)
        what = dice.randrange(5)
        if what == 0 and data:
            data[at % len(data)] = dice.randrange(256)
        elif what == 1:
            del data[at:at + dice.choice((1, 1, 4, 40))]
        elif what == 2:
            start = dice.randrange(len(data) + 1)
            data[at:at] = data[start:start + dice.choice((1, 10, 100))]
        elif what == 3:
            data[at:at] = dice.choice(WORDS)
        else:
            data = data[:at]
    return bytes(data)[:60000]


def seeds(s, server):
    """Whole messages to damage: a request of each method, and responses."""
    out = []
    for method in METHODS:
        m = s.make(method, f"sip:1000@{server[0]}")
        m.add("Contact", f"<sip:user@{s.me}>;expires=60")
        m.add("Supported", "timer, 100rel").add("Session-Expires", "90")
        m.add("Authorization", 'Digest username="user", realm="meet.jitsi", '
              'nonce="00", uri="sip:x", response="00", qop=auth, nc=00000001, '
              'cnonce="x", algorithm=MD5')
        if method in ("INVITE", "UPDATE"):
            m.add("Content-Type", "application/sdp")
            m.body = SDP
        out.append(m.encode())
        r = sipmsg.Message(status=200, reason="OK")
        r.headers, r.body = m.headers, m.body
        out.append(r.encode())
    out += [load(p.stem, s.me, "%s:%d" % server, "flood")
            for p in sorted(DATA.glob("*.sip"))]
    return out


@pytest.mark.parametrize("side", ["external", "internal"])
@pytest.mark.parametrize("transport", [Udp, Tcp], ids=["udp", "tcp"])
def test_damaged_messages(gateway, sources, well, side, transport):
    dice = random.Random(f"{side} {transport.__name__}")
    server = getattr(gateway, side)
    for _ in range(60):
        with transport(sources.next(), server) as s:
            whole = seeds(s, server)
            for _ in range(25):
                s.send(damage(dice, dice.choice(whole)))
        if _ % 10 == 9:
            well(gateway)
    well(gateway)
    assert gateway.stats()["activeCalls"] == 0


def test_damaged_offers_of_a_user(gateway, sources, well):
    """SDP that nobody should send, from one who has the password."""
    gateway.expect_error("no Jigasi is registered")
    dice = random.Random(3264)
    with Udp(sources.next(), gateway.external) as s:
        uri = "sip:1000@meet.jitsi"
        r = s.request("INVITE", uri)
        chal = sipmsg.challenge(r.get("WWW-Authenticate"))
        for i in range(1, 301):
            answer = sipmsg.digest(chal, gateway.user, gateway.password,
                                   "INVITE", uri, nc=i)
            m = s.make("INVITE", uri, [
                ("Authorization", answer), ("Contact", f"<sip:u@{s.me}>"),
                ("Content-Type", "application/sdp")], damage(dice, SDP))
            s.send(m.encode())
            end = None
            while end is None or end.status < 200:
                end = s.receive(2)
                assert end is not None, m.body
            assert end.status in (200, 400, 415, 488, 503), end.status
            ack = sipmsg.Message("ACK", uri)
            via = m.get("Via") if end.status >= 300 else s.make(
                "ACK", uri).get("Via")
            ack.add("Via", via).add("From", m.get("From"))
            ack.add("To", end.get("To")).add("Call-ID", m.call_id)
            ack.add("CSeq", "1 ACK").add("Max-Forwards", 70)
            s.send(ack.encode())
            if end.status == 200:  # the IVR took it
                bye = sipmsg.Message("BYE", f"sip:{gateway.external[0]}")
                bye.add("Via", s.make("BYE", uri).get("Via"))
                bye.add("From", m.get("From")).add("To", end.get("To"))
                bye.add("Call-ID", m.call_id).add("CSeq", "2 BYE")
                bye.add("Max-Forwards", 70)
                s.send(bye.encode())
                assert s.final(2) == 200
    well(gateway)
    assert gateway.stats()["activeCalls"] == 0
