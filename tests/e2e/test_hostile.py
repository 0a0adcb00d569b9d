"""What no phone sends, but somebody will: the cases of RFC 4475 that apply to
INVITE, REGISTER and INFO, and worse. Each is refused or dropped, and calls go
on as if nothing had come."""
import asyncio
import os
import random
import socket

import pytest

import sipmsg
from e2e.scene import Scene

SDP = ("v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n"
       "m=audio 40000 RTP/AVP 0\r\n")
# A name that is well-formed SIP and no room: whoever understood the request
# answers 404.
NO_ROOM = "sip:no%20room@meet.jitsi"


def request(method="INVITE", uri=NO_ROOM, body=SDP, length=None, drop=(),
            version="SIP/2.0", **headers):
    """A request as text with {ip}, {port} and {id} to be filled in; headers
    replace (Max_Forwards="0"), or are added."""
    fields = {
        "Via": "SIP/2.0/UDP {ip}:{port};branch=z9hG4bK{id};rport",
        "From": "<sip:user@meet.jitsi>;tag={id}",
        "To": "<sip:room@meet.jitsi>",
        "Call-ID": "{id}@torture",
        "CSeq": f"1 {method}",
        "Contact": "<sip:user@{ip}:{port}>",
        "Max-Forwards": "70",
        "Content-Type": "application/sdp"}
    extra = []
    for name, value in headers.items():
        name = name.replace("_", "-")
        if name in fields:
            fields[name] = value
        else:
            extra.append((name, value))
    lines = [f"{method} {uri} {version}"]
    lines += [f"{n}: {v}" for n, v in fields.items() if n not in drop]
    lines += [f"{n}: {v}" for n, v in extra]
    lines.append("Content-Length: {length}" if length is None
                 else f"Content-Length: {length}")
    return "\r\n".join(lines) + "\r\n\r\n", body


BAD = set(range(400, 700))
REFUSED = BAD | {None}      # None: no answer at all
UNDERSTOOD = {404}

# name (of the RFC's section 3 where it has one), request, what may come back
CASES = [
    # valid, though unusual
    ("wsinv", (request()[0].replace("Max-Forwards: 70",
                                    "MAX-fOrWaRdS :   0070")
               .replace("To: ", "TO :\r\n ")
               .replace("Call-ID", "i").replace("Contact", "m"), SDP),
     UNDERSTOOD),
    # sofia-sip takes "+" and "`" in a method for garbage, and drops it.
    ("intmeth", request("!interesting-Method0123456789_*+`.%~", body=""),
     {405, 501, None}),
    ("esc01", request(uri="sip:sips%3Auser%40example.com@meet.jitsi",
                      From='"I, user" <sip:user@meet.jitsi>;tag={id}'),
     UNDERSTOOD),
    ("escnull", request("REGISTER", "sip:meet.jitsi", body="",
                        To="<sip:null-%00-null@meet.jitsi>",
                        From="<sip:null-%00-null@meet.jitsi>;tag={id}"),
     REFUSED),
    ("esc02", request("RE%47IST%45R", body=""), {405, 501}),
    ("lwsdisp", request(From="caller<sip:user@meet.jitsi>;tag={id}"),
     UNDERSTOOD),
    ("longreq", request(From='"' + "I have a name " * 60 +
                        '" <sip:user@meet.jitsi>;tag={id}'), BAD),
    ("semiuri", request(uri="sip:user;par=u%40x.net@meet.jitsi"),
     UNDERSTOOD),
    ("unreason-utf8", request(Subject="\u4e2d\u6587 \u00e9"), UNDERSTOOD),
    ("inv2543", request(Via="SIP/2.0/UDP {ip}:{port}", drop=("Contact",)),
     BAD | {None}),
    # invalid
    ("badinv01", request(Via="SIP/2.0/UDP {ip}:{port};;,;,,"), REFUSED),
    ("clerr", request(length=9999), REFUSED),
    ("ncl", request(length=-999), REFUSED),
    ("scalar02", request(CSeq="36893488147419103232 REGISTER",
                         method="REGISTER", uri="sip:meet.jitsi",
                         Expires="10000000000", Max_Forwards="300"),
     REFUSED),
    ("quotbal", request(To='"Mr. J. User <sip:j.user@meet.jitsi>'), REFUSED),
    ("ltgtruri", request(uri="<sip:user@meet.jitsi>"), REFUSED),
    ("lwsruri", request(uri="sip:user@meet.jitsi; lr"), REFUSED),
    ("lwsstart", request(uri=" " + NO_ROOM + " "), REFUSED),
    ("escruri", request(uri=NO_ROOM + "?Route=%3Csip:x%3E"), BAD),
    ("regbadct", request("REGISTER", "sip:meet.jitsi", body="",
                         Contact="sip:user@meet.jitsi?Route=%3Csip:x%3E"),
     REFUSED),
    ("badaspec", request(To='"Watson, Thomas" < sip:t.watson@ieee.org >'),
     REFUSED),
    ("baddn", request(From="Bell, Alexander <sip:a@meet.jitsi>;tag={id}"),
     REFUSED),
    ("badvers", request(version="SIP/7.0"), {505, 400, None}),
    ("mismatch01", request(CSeq="1 REGISTER"), REFUSED),
    ("mismatch02", request("NEWMETHOD", CSeq="1 INVITE"), REFUSED),
    ("badbranch", request(Via="SIP/2.0/UDP {ip}:{port};branch=z9hG4bK"),
     REFUSED),
    ("insuf", request(drop=("Call-ID", "From", "To")), REFUSED),
    ("unkscm", request(uri="nobodyKnowsThisScheme:user"), {416, 400, 404}),
    ("novelsc", request(uri="soap.beep://192.0.2.103:3002"),
     {416, 400, 404}),
    ("bext01", request(Require="nothingSupportsThis"), {420}),
    ("invut", request(Content_Type="application/unknownformat",
                      body="<audio/>", uri="sip:room@meet.jitsi"),
     {415, 488, 400}),
    ("multi01", request(From="<sip:a@b>;tag=1\r\nFrom: <sip:c@d>;tag=2",
                        CSeq="5 INVITE\r\nCSeq: 59 INVITE"), REFUSED),
    ("mcl01", request(length="5\r\nContent-Length: 8"), REFUSED),
    ("zeromf", request("OPTIONS", "sip:elsewhere@meet.jitsi", body="",
                       Max_Forwards="0"), BAD | {200, None}),
    ("sdp-none", request(body="v=0\r\n", uri="sip:room@meet.jitsi"),
     {400, 488, 415}),
    ("sdp-huge-port", request(body=SDP.replace("40000", "4000000000"),
                              uri="sip:room@meet.jitsi"), BAD),
    ("sdp-video-only", request(
        body=SDP.replace("audio", "video"), uri="sip:room@meet.jitsi"),
     {488}),
    ("sdp-long-lines", request(
        body=SDP + "a=" + "x" * 30000, uri="sip:room@meet.jitsi"), REFUSED),
    # made up
    ("header-injection", request(
        uri="sip:a%0d%0aContent-Length:%200%0d%0a@meet.jitsi"), BAD),
    ("format", request(uri="sip:%25n%25s%25x@meet.jitsi"), BAD),
    ("many-vias", request(Via="\r\nVia: ".join(
        ["SIP/2.0/UDP {ip}:{port};branch=z9hG4bK{id};rport"] +
        ["SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx"] * 200)), REFUSED),
    ("long-callid", request(Call_ID="c" * 20000), REFUSED),
    ("info-no-dialog", request("INFO", "sip:jigate@meet.jitsi",
                               body='{"t":3}',
                               To="<sip:room@meet.jitsi>;tag=nothing",
                               Content_Type="application/json"), {481}),
    ("bye-no-dialog", request("BYE", "sip:jigate@meet.jitsi", body="",
                              To="<sip:room@meet.jitsi>;tag=nothing"),
     {481}),
    ("cancel-nothing", request("CANCEL", body=""), {481}),
    ("digest-garbage", request(
        "REGISTER", "sip:meet.jitsi", body="",
        Authorization='Digest username="user' + "\\" * 2000 + ',nonce=,'
        'response="' + "a" * 4000 + '",nc=zz,qop=\x01'), REFUSED),
    ("replaces", request(Replaces="1@x;to-tag=1;from-tag=2"), BAD),
    ("record-route", request(Record_Route="<sip:192.0.2.1;lr>" +
                             ",<sip:192.0.2.2;lr>" * 100), BAD | {None}),
]


# What FreeSWITCH's parsers let pass, though nobody comes further for it: an
# INFO of no call is answered and forgotten, of an SDP it reads what it can.
LENIENT = {"freeswitch": {"info-no-dialog": {200}, "sdp-huge-port": {200},
                          "sdp-long-lines": {200}}}


class Sender:
    """A bare UDP socket: what it sends is nobody's business but ours."""

    def __init__(self, ip, gateway):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ip, 0))
        self.socket.setblocking(False)
        self.ip, self.port = self.socket.getsockname()
        self.gateway = gateway

    def send(self, data):
        try:
            self.socket.sendto(data, self.gateway.external)
        except OSError:
            pass  # longer than a datagram can be: then nobody gets it

    async def ask(self, text, body, timeout=1.0):
        """Send and give the final status that comes back, or None."""
        loop = asyncio.get_running_loop()
        values = {"ip": self.ip, "port": self.port, "id": sipmsg.token(4)}
        body = body.replace("{ip}", self.ip).encode()
        for name, value in {**values, "length": len(body)}.items():
            text = text.replace("{%s}" % name, str(value))
        self.send(text.encode() + body)
        end = loop.time() + timeout
        while (left := end - loop.time()) > 0:
            try:
                data = await asyncio.wait_for(
                    loop.sock_recv(self.socket, 65536), left)
            except asyncio.TimeoutError:
                return None
            m = sipmsg.parse(data)
            if m.status and m.status >= 200 and \
                    values["id"] in data.decode("utf-8", "replace"):
                return m.status
        return None


async def alive(s):
    call, meeting = await s.join("alive")
    await s.hears(call, "in-conference")
    await s.hears_tone(meeting, 600)
    await call.hang_up()
    await s.stats(activeCalls=0)


@pytest.fixture
def trusting(gateway_with):
    """A gateway that looks at everything we send, unchallenged."""
    return gateway_with(JIGATE_TRUSTED_NETWORKS="127.0.0.0/8")


async def test_torture(trusting, ear):
    lenient = LENIENT.get(trusting.engine, {})
    async with Scene(trusting, ear) as s:
        wrong = []
        for name, (text, body), allowed in CASES:
            allowed = allowed | lenient.get(name, set())
            sender = Sender(trusting.host(), trusting)
            status = await sender.ask(
                text, body, 0.3 if None in allowed else 10)
            if status not in allowed:
                wrong.append(f"{name}: {status}, allowed "
                             f"{'4xx-6xx' if BAD <= allowed else allowed}")
            sender.socket.close()
        assert not wrong, "\n".join(wrong)
        # FreeSWITCH looks at the SDP when it answers; no ACK comes: ended.
        assert lenient or s.jigasi.calls == []
        await s.stats(activeCalls=0, timeout=45)
        await alive(s)


async def test_torture_of_a_gateway_that_knows_nobody(gateway_with, ear):
    g = gateway_with()
    lenient = LENIENT.get(g.engine, {})
    async with Scene(g, ear) as s:
        for name, (text, body), allowed in CASES:
            allowed = allowed | lenient.get(name, set())
            sender = Sender(g.host(), g)
            status = await sender.ask(text, body, 0.05)
            # Who is not known is told less, never more.
            assert status in allowed | {None, 401, 407}, name
            sender.socket.close()
        assert s.jigasi.calls == []
        await alive(s)


async def test_bytes_at_random(trusting, ear):
    """Good messages with a few bytes changed, cut and doubled; seeded, so
    that a fault can be found again."""
    rng = random.Random(4475)
    async with Scene(trusting, ear) as s:
        sender = Sender(trusting.host(), trusting)
        for n in range(3000):
            _, (text, body), _ = CASES[rng.randrange(len(CASES))]
            for name, value in (("ip", sender.ip), ("port", sender.port),
                                ("id", f"x{n}"), ("length", len(body))):
                text = text.replace("{%s}" % name, str(value))
            data = bytearray((text + body).encode()[:3000])
            for _ in range(rng.randrange(1, 8)):
                at = rng.randrange(len(data))
                change = rng.randrange(4)
                if change == 0:
                    data[at] = rng.randrange(256)
                elif change == 1:
                    del data[at:at + rng.randrange(40)]
                elif change == 2:
                    data[at:at] = data[at:at + rng.randrange(80)]
                else:
                    data[at:at] = rng.choice(
                        [b"\r\n", b"\0", b'"', b"<", b"%00", b"\xff" * 9])
                if not data:
                    break
            sender.send(bytes(data))
            if n % 50 == 0:
                await asyncio.sleep(0.01)  # as fast as a socket buffer takes
        await alive_later(s)


async def alive_later(s):
    """The flood may have banned its source, not others."""
    await s.stats(activeCalls=0, timeout=45)
    await alive(s)


async def test_garbage_over_tcp(trusting, ear):
    async with Scene(trusting, ear) as s:
        for data in (b"\0" * 70000, b"A" * 70000, os.urandom(5000),
                     b"INVITE", b"\r\n" * 5000,
                     b"INVITE sip:x SIP/2.0\r\nContent-Length: 99999999999"
                     b"\r\n\r\n", b"X: y\r\n" * 20000):
            reader, writer = await asyncio.open_connection(
                *trusting.external)
            try:
                writer.write(data)
                await writer.drain()
                await asyncio.wait_for(reader.read(1000), 0.3)
            except (asyncio.TimeoutError, OSError):
                pass  # closed by the gateway, or silent: both are fine
            writer.close()
        await alive(s)


async def test_garbage_at_the_audio_ports(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        remote = call.media.remote
        rng = random.Random(3550)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind((s.gateway.host(), 0))
            for n in range(500):
                junk = bytes(rng.randrange(256)
                             for _ in range(rng.randrange(200)))
                stranger.sendto(junk, remote)
                # and from the phone's own address
                call.media._transport.sendto(junk, remote)
                if n % 50 == 0:
                    await asyncio.sleep(0.02)
        await s.hears_tone(call, 600)
        await s.hears_tone(meeting, 600)


async def test_http_of_no_browser(gateway):
    host = gateway.rest[len("http://"):].split(":")[0]
    for data in (b"\0\xff" * 5000, b"GET " + b"/" * 70000,
                 b"GET /stats HTTP/9.9\r\n" * 3000, b"POST /stats HTTP/1.1\r\n"
                 b"Content-Length: 99999999999\r\n\r\n",
                 b"GET /%00%0d%0a HTTP/1.1\r\n\r\n"):
        reader, writer = await asyncio.open_connection(host, 8080)
        try:
            writer.write(data)
            await writer.drain()
            await asyncio.wait_for(reader.read(1000), 0.3)
        except (asyncio.TimeoutError, OSError):
            pass
        writer.close()
    assert gateway.get("/health")[0] == 200
