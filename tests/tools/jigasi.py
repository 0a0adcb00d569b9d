#!/usr/bin/python3
"""A stand-in for Jigasi: what the gateway sees of it, and no more. It
registers, takes calls as it is told, speaks the JSON messages of Jigasi over
INFO, echoes the caller's voice, and can fail in every way Jigasi can.

    tests/tools/jigasi.py --server 127.0.0.1:5070 --password SECRET

registers and joins every caller to a meeting where everyone hears himself.
"""
import argparse
import asyncio
import dataclasses
import json
import os
import sys
import uuid

import audio
import rtp
import sipmsg
import sipua
from call import Call
from phone import Phone, host_port

ALONE = (408, "No invite from conference focus")


@dataclasses.dataclass
class Plan:
    """How a call is to be taken."""
    status: int = 200        # final answer; 0: none ever
    ring: bool = True        # 180 at once, as a healthy Jigasi does
    delay: float = 0.0       # seconds from 180 to the final answer
    on_demand: bool = False  # the final answer waits for call.join()
    deaf: bool = False       # not even 100: as if nobody were there
    race: bool = False       # after CANCEL answer 200 to the INVITE instead
    headers: tuple = ()
    audio: str = "echo"      # echo, silence, or a tone in Hz as digits
    codecs: tuple = ()       # other ones than this Jigasi's usual
    join: object = None      # called with the call once it is up


class Meeting(Call):
    """One caller as Jigasi sees him."""

    def __init__(self, jigasi, plan):
        super().__init__(jigasi.endpoint, jigasi.user,
                         plan.codecs or jigasi.codecs)
        self.media.ptime, self.media.wished_ptime = jigasi.ptimes
        self.jigasi, self.plan = jigasi, plan
        self.given = False        # handed out by next_call()
        self.muted = False        # as presence in the room would say
        self.hand = False
        self.moderated = False
        self.permitted = False
        self.visitor = False
        self.in_lobby = False
        self.lobby_password = None
        self.messages = []        # JSON objects from the gateway
        self.heartbeats = 0
        self.password_tries = []
        self._counter = 0
        self._go = asyncio.Event()
        self.on_info = self._message_in

    @property
    def room(self):
        return self.invite.get(self.jigasi.header_room)

    @property
    def domain(self):
        return self.invite.get("X-Domain-Base")

    @property
    def caller(self):
        return sipmsg.address(self.invite.get("From"))[0]

    # ---- SIP ----

    async def take(self, tx):
        plan = self.plan
        await self.accept_invite(tx)
        if plan.ring:
            self.ring()
            self.endpoint.spawn(self._ring_again())
        if plan.on_demand:
            await self._go.wait()
        if plan.delay:
            await asyncio.sleep(plan.delay)
        if self.state == "ended" or not plan.status or self.silent:
            return
        status = plan.status
        wanted = self.jigasi.room_password
        if wanted is not None and status == 200 and \
                self.invite.get("Jitsi-Conference-Room-Pass") != wanted:
            status = 486
        if status == 200:
            self.join()
        else:
            self.refuse(status, headers=plan.headers)

    async def _ring_again(self):
        wait = 0.5
        for _ in range(3):
            await asyncio.sleep(wait)
            wait *= 2
            if self.state != "ringing" or self.silent:
                return
            self._tx.send()

    def join(self):
        """Answer 200 and be in the meeting."""
        self._go.set()
        if self.state == "up":
            return
        if self.plan.audio == "echo":
            rtp.echo(self.media)
        elif self.plan.audio.isdigit():
            self.media.source = audio.tone(int(self.plan.audio))
        if self.pick_up(self.plan.headers) and self.plan.join:
            self.plan.join(self)

    def on_cancelled(self):
        if self.plan.race:
            self.join()
        else:
            super().on_cancelled()

    async def end(self, cause=None, text=""):
        """BYE; Jigasi gives a Reason only when it gave up by itself."""
        return await self.hang_up(cause, text)

    async def end_alone(self):
        return await self.end(*ALONE)

    # ---- messages to the gateway ----

    async def tell(self, message):
        r = await self.info(message)
        if r.status != 200:
            raise RuntimeError(f"INFO {message} answered {r}")
        return r

    def _lobby_message(self, t):
        n, self._counter = self._counter, self._counter + 1
        return self.tell({"i": n, "t": t})

    async def lobby(self, password=None):
        self.in_lobby, self.lobby_password = True, password
        await self._lobby_message(3)

    async def admit(self):
        await self._lobby_message(6)
        await self._lobby_left()

    async def _lobby_left(self):
        self.in_lobby = False
        await self._lobby_message(5)

    async def reject(self):
        """Refused at the door; Jigasi ends the call soon after."""
        await self._lobby_message(7)

    async def moderation(self, on):
        self.moderated, self.permitted = on, False
        await self.tell({"t": 8, "d": on})

    async def permit(self):
        self.permitted = True
        await self.tell({"t": 9})

    async def deny(self):
        self.permitted = False
        await self.tell({"t": 10})

    async def heartbeat(self):
        await self.tell({"t": 11})

    async def make_visitor(self, on=True):
        self.visitor = on
        await self.tell({"t": 12, "d": on})

    async def live(self, on):
        await self.tell({"t": 15, "d": on})

    async def mute_request(self, on=True):
        """A moderator mutes (or, in start-muted meetings, unmutes)."""
        ident = str(uuid.uuid4())
        await self.tell({"type": "muteRequest", "id": ident,
                         "data": {"audio": on}})
        return ident

    async def respond_mute(self, ident, ok, on):
        await self.tell({"type": "muteResponse", "id": ident,
                         "status": "OK" if ok else "FAILED",
                         "data": {"audio": on}})

    # ---- messages from the gateway ----

    def _message_in(self, kind, body):
        if kind != "application/json":
            return
        try:
            m = json.loads(body)
        except ValueError:
            self.happened("broken JSON from the gateway")
            return
        self.messages.append(m)
        if m.get("t") == 11:
            self.heartbeats += 1
        elif m.get("t") == 4:
            self.password_tries.append(m["d"]["pwd"])
            self.endpoint.spawn(self._password(m["d"]["pwd"]))
        elif m.get("type") == "muteRequest":
            self._asked_to_mute(m)
        elif m.get("type") == "muteResponse" and m.get("status") == "OK":
            self.muted = m["data"]["audio"]
            if not self.muted:
                self.hand = False

    async def _password(self, given):
        if not self.in_lobby:
            return
        if given == self.lobby_password:
            await self._lobby_left()
        else:
            await self.end()

    def _asked_to_mute(self, m):
        on = m["data"]["audio"]
        if self.visitor and not on:
            self.hand = True
            self.happened("hand raised")
            return
        if self.moderated and not self.permitted and not on:
            self.hand = True
            self.happened("hand raised")
            self.endpoint.spawn(self.respond_mute(m["id"], False, True))
            return
        if self.jigasi.mixer:
            return  # the defect of A.7: nothing comes back, nothing changes
        self.muted = on
        if not on:
            self.hand = False
        self.endpoint.spawn(self.respond_mute(m["id"], True, on))

    def received(self, **wanted):
        """Messages from the gateway that hold these members."""
        return [m for m in self.messages
                if all(m.get(k) == v for k, v in wanted.items())]


class Jigasi(Phone):
    """Registers and takes calls. Set plans for the calls to come; when they
    are used up, default is taken."""

    def __init__(self, password, server, user="jigasi", domain="meet.jitsi",
                 ip="127.0.0.1", port=0, transport="udp",
                 codecs=("opus", "pcmu", "pcma"), mixer=True,
                 header_room="X-Room-Name", ptimes=(20, 20), space=None):
        super().__init__(user, password, server, domain, "", ip, port,
                         transport, codecs, space=space, ptimes=ptimes)
        self.endpoint.agent = "test-jigasi"
        self.mixer, self.header_room = mixer, header_room
        self.default = Plan()
        self.plans = []
        self.rooms = {}           # room -> plans for calls to it, in order
        self.room_password = None
        self.answers_options = True
        self.pings = 0
        self._refresh = None
        self.endpoint.accept_from = set()

    async def register(self, expires=600, contact=None):
        r = await super().register(expires, contact)
        if r.status == 200:
            # Only who answered our REGISTER may call us.
            self.endpoint.accept_from = {r.source}
            if self._refresh:
                self._refresh.cancel()
            if expires and self.granted:
                self._refresh = self.endpoint.spawn(self._stay(self.granted))
        return r

    async def _stay(self, granted):
        """Register again before what was granted runs out."""
        await asyncio.sleep(max(1, granted * 0.8))
        self._refresh = None
        await self.register()

    async def __aexit__(self, *exc):
        if self._refresh:
            self._refresh.cancel()
        await super().__aexit__(*exc)

    def plan(self, *plans):
        """Take the next calls like this."""
        self.plans.extend(plans)

    def vanish(self):
        """As a machine whose plug was pulled."""
        self.endpoint.deaf = True
        if self._refresh:
            self._refresh.cancel()
        for c in self.calls:
            c.go_silent()

    def _request_in(self, tx):
        m = tx.request
        if m.method == "OPTIONS":
            self.pings += 1
            if self.answers_options:
                tx.respond(200)
        elif m.method == "INVITE":
            plan = self._plan_for(m)
            if plan.deaf:
                return
            c = Meeting(self, plan)
            self.calls.append(c)
            self.endpoint.spawn(c.take(tx))
            self.endpoint.changed()
        else:
            tx.respond(405)

    def _plan_for(self, invite):
        room = (invite.get(self.header_room) or "").split("@")[0]
        plans = self.rooms.get(room) or self.plans
        return plans.pop(0) if plans else self.default

    async def next_call(self, timeout=5, room=None):
        """The next call (to a room) that was not yet handed out."""
        def fresh():
            return next((c for c in self.calls
                         if isinstance(c, Meeting) and c.invite and
                         not c.given and
                         room in (None, (c.room or "").split("@")[0])), None)

        call = await self.endpoint.until(
            fresh, timeout, f"a call to Jigasi for {room or 'any room'}",
            lambda: f"rooms called: {[c.room for c in self.calls]}")
        call.given = True
        return call


async def run(args):
    async with Jigasi(args.password, args.server, args.user, args.domain,
                      args.ip, codecs=args.codecs.split(","),
                      mixer=not args.translator) as j:
        j.default = Plan(status=args.answer, delay=args.delay,
                         audio=args.audio)
        r = await j.register()
        print(f"registered as {j.aor}: {r.status} {r.reason}, "
              f"{j.granted} s", flush=True)
        if r.status != 200:
            return 1
        while True:
            call = await j.next_call(10**9)
            print(f"call for room {call.room!r} from {call.caller!r}",
                  flush=True)
            j.endpoint.spawn(follow(call))


async def follow(call):
    told = 0
    while call.state != "ended" or told < len(call.history):
        await call.wait(lambda: len(call.history) > told, 10**9)
        while told < len(call.history):
            print(f"{call.room}: {call.history[told][1]}", flush=True)
            told += 1


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--server", type=host_port, default=("127.0.0.1", 5070),
                   help="internal side of the gateway, HOST:PORT")
    p.add_argument("--domain", default="meet.jitsi")
    p.add_argument("--user", default="jigasi")
    p.add_argument("--password", default=os.environ.get("SIP_PASSWORD"),
                   help="default: environment variable SIP_PASSWORD")
    p.add_argument("--ip", default="127.0.0.1", help="address of one's own")
    p.add_argument("--codecs", default="opus,pcmu,pcma")
    p.add_argument("--answer", type=int, default=200, metavar="STATUS")
    p.add_argument("--delay", type=float, default=0, metavar="SECONDS",
                   help="from ringing to the answer")
    p.add_argument("--audio", default="echo",
                   help="echo, silence or a tone in Hz (a multiple of 50)")
    p.add_argument("--translator", action="store_true",
                   help="answer mute requests, as Jigasi does in translator "
                        "mode")
    args = p.parse_args()
    try:
        return asyncio.run(run(args))
    except KeyboardInterrupt:
        return 0
    except (OSError, sipua.Timeout) as e:
        print(f"jigasi: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
