#!/usr/bin/python3
"""A telephone for the command line and for tests: registers, calls, keys
digits, says something, and saves what it hears.

    tests/tools/phone.py --server 127.0.0.1:5060 --user user \\
        --password SECRET --call 1000 --keys 1234# --seconds 20 --wav out.wav
"""
import argparse
import asyncio
import os
import sys

import audio
import sipmsg
import sipua
from call import Call, Refused
from sipmsg import Message


class Phone:
    """One user on one address. Names after SIP: server is where requests go
    to, domain what stands in addresses."""

    def __init__(self, user="user", password=None, server=("127.0.0.1", 5060),
                 domain="meet.jitsi", display="Test phone", ip="127.0.0.1",
                 port=0, transport="udp", codecs=("pcmu", "pcma"),
                 events=True, space=None, tls=None, ptimes=(20, 20)):
        self.user, self.password, self.server = user, password, server
        self.domain, self.display = domain, display
        self.codecs, self.events = codecs, events
        self.ptimes = ptimes      # ms in a packet sent, and wished
        self.endpoint = sipua.Endpoint(ip, port, transport, "test-phone",
                                       space, tls)
        self.endpoint.on_request = self._request_in
        self.calls = []
        self.incoming = asyncio.Queue()
        self.granted = 0          # seconds that the last REGISTER got
        self._register_id = sipmsg.token(8)
        self._register_cseq = 0

    async def __aenter__(self):
        await self.endpoint.open()
        return self

    async def __aexit__(self, *_):
        for c in self.calls:
            if c.state not in ("ended", "new"):
                try:
                    await asyncio.wait_for(c.hang_up(), 3)
                except (asyncio.TimeoutError, sipua.Timeout):
                    pass  # the far side is gone; nothing is left to end
            c.media.close()
        self.endpoint.close()

    @property
    def aor(self):
        return f"sip:{self.user}@{self.domain}"

    @property
    def local(self):
        name = sipmsg.quote(self.display) + " " if self.display else ""
        return f"{name}<{self.aor}>"

    async def register(self, expires=600, contact=None):
        """REGISTER; returns the final response. expires=0 takes it back."""
        e = self.endpoint
        if e.transport != "udp":
            await e.connect(self.server)

        def make():
            self._register_cseq += 1
            m = Message("REGISTER", f"sip:{self.domain}")
            m.add("From", f"{self.local};tag={sipmsg.token()}")
            m.add("To", f"<{self.aor}>").add(
                "Call-ID", f"{self._register_id}@{e.host}")
            m.add("CSeq", f"{self._register_cseq} REGISTER")
            m.add("Contact", contact or f"<{e.local_uri(self.user)}>")
            m.add("Expires", expires)
            return m

        r = await e.authenticated(make, self.server, self.user,
                                  self.password)
        if r.status == 200:
            self.granted = granted(r, e)
        return r

    async def call(self, number, headers=(), offer=True, uri=None):
        """Start a call; await call.wait_state("up") next."""
        c = self.make_call()
        await self.dial(c, number, headers, offer, uri)
        return c

    def make_call(self):
        """A call that is not begun yet: for what is to be set before."""
        c = Call(self.endpoint, self.user, self.codecs, self.events)
        c.media.ptime, c.media.wished_ptime = self.ptimes
        self.calls.append(c)
        return c

    async def dial(self, call, number, headers=(), offer=True, uri=None):
        await call.start(uri or f"sip:{number}@{self.domain}", self.server,
                         self.local, (self.user, self.password), headers,
                         offer)

    def _request_in(self, tx):
        if tx.request.method == "OPTIONS":
            tx.respond(200)
        elif tx.request.method == "INVITE":
            self.endpoint.spawn(self._invited(tx))
        else:
            tx.respond(405)

    async def _invited(self, tx):
        c = self.make_call()
        await c.accept_invite(tx)
        c.ring()
        self.incoming.put_nowait(c)


def granted(response, endpoint):
    """Seconds granted to our contact by a 200 to REGISTER."""
    for value in response.getall("Contact"):
        for one in value.split(","):
            uri = sipmsg.address(one)[1]
            _, host, port, _ = sipmsg.uri_parts(uri)
            if (host, port) == (endpoint.host, endpoint.port):
                expires = sipmsg.params(sipmsg.after_address(one)).get(
                    "expires")
                if expires:
                    return int(expires)
    return int(response.get("Expires", 0))


def host_port(text, default=5060):
    host, _, port = text.partition(":")
    return host, int(port or default)


async def run(args):
    async with Phone(args.user, args.password, args.server, args.domain,
                     args.name, args.ip, transport=args.transport,
                     codecs=args.codecs.split(",")) as phone:
        if args.register:
            r = await phone.register()
            print(f"registered as {phone.aor}: {r.status} {r.reason}, "
                  f"{phone.granted} s")
            if r.status != 200:
                return 1
        if args.call is None:
            call = await phone.incoming.get()
            print("called by", call.invite.get("From"))
            call.pick_up()
        else:
            call = await phone.call(args.call)
            await call.wait_state("up", args.ring)
        print(f"answered, codec {call.media.codec.name}")
        call.media.source = audio.voice(args.say) if args.say else \
            audio.tone(args.tone) if args.tone else audio.silence()
        if args.keys:
            await asyncio.sleep(args.keys_after)
            await call.keys(args.keys, args.dtmf)
            print(f"keyed {args.keys}")
        try:
            await call.wait(lambda: call.state == "ended", args.seconds)
            print("the other side hung up", call.end_reason or "")
        except TimeoutError:
            print("hanging up")
        print("heard:", call.media.stats())
        if args.wav:
            audio.write_wav(args.wav, call.media.heard())
            print("saved", args.wav)
        await call.hang_up()
    return 0


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--server", type=host_port, default=("127.0.0.1", 5060),
                   help="gateway, HOST:PORT (default %(default)s)")
    p.add_argument("--transport", choices=("udp", "tcp"), default="udp")
    p.add_argument("--domain", default="meet.jitsi")
    p.add_argument("--user", default="user")
    p.add_argument("--password", default=os.environ.get("SIP_PASSWORD"),
                   help="default: environment variable SIP_PASSWORD")
    p.add_argument("--name", default="Test phone", help="display name")
    p.add_argument("--ip", default="127.0.0.1", help="address of one's own")
    p.add_argument("--codecs", default="pcmu,pcma",
                   help="of pcmu, pcma, opus, g722; default %(default)s")
    p.add_argument("--register", action="store_true")
    p.add_argument("--call", metavar="NUMBER",
                   help="whom to call; without it wait for a call")
    p.add_argument("--ring", type=float, default=60, metavar="SECONDS",
                   help="how long to wait for an answer")
    p.add_argument("--keys", metavar="DIGITS", help="key these once answered")
    p.add_argument("--keys-after", type=float, default=1.0, metavar="SECONDS")
    p.add_argument("--dtmf", default="rfc4733",
                   choices=("rfc4733", "inband", "info", "info-dtmf"))
    p.add_argument("--say", metavar="WAV", help="8 kHz file to say")
    p.add_argument("--tone", type=int, metavar="HZ")
    p.add_argument("--seconds", type=float, default=15,
                   help="hang up after this (default %(default)s)")
    p.add_argument("--wav", metavar="FILE", help="save what is heard")
    args = p.parse_args()
    try:
        return asyncio.run(run(args))
    except Refused as e:
        print(f"phone: refused: {e}", file=sys.stderr)
    except (TimeoutError, RuntimeError, OSError, sipua.Timeout) as e:
        print(f"phone: {e}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
