"""A gateway with a stand-in for Jigasi registered and phones to call from:
what nearly every scenario starts with."""
import asyncio
import contextlib
import urllib.parse

import audio
from jigasi import Jigasi
from phone import Phone


class Scene:
    """async with Scene(gateway, ear) as s: call = await s.call("room")"""

    def __init__(self, gateway, ear, jigasis=1, **jigasi):
        self.gateway, self.ear = gateway, ear
        self._count, self._options = jigasis, jigasi
        self._stack = contextlib.AsyncExitStack()
        self.jigasis, self.phones = [], []
        self.look_every = 0.2    # seconds; a look costs some milliseconds

    async def __aenter__(self):
        try:
            for _ in range(self._count):
                await self.add_jigasi(**self._options)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, kind, error, trace):
        if error:
            self.tell()
        for j in self.jigasis:
            j.endpoint.deaf = False
            with contextlib.suppress(Exception):
                # The scenario may have stopped the gateway.
                j.endpoint.timeout = 1
                await j.register(0)
        await self._stack.aclose()

    def tell(self):
        """All SIP of the scenario, for whoever has to find the fault."""
        lines = [line for x in self.jigasis + self.phones
                 for line in x.endpoint.trace]
        print("\n".join(sorted(lines, key=lambda s: float(s.split()[0]))))

    @property
    def jigasi(self):
        return self.jigasis[0]

    async def add_jigasi(self, register=True, **options):
        j = Jigasi(self.gateway.jigasi_password, self.gateway.internal,
                   **{"ip": self.gateway.host(), **options})
        await self._stack.enter_async_context(j)
        self.jigasis.append(j)
        if register:
            r = await j.register()
            assert r.status == 200, r
        return j

    async def add_phone(self, **options):
        g = self.gateway
        p = Phone(**{"user": g.user, "password": g.password,
                     "server": g.external, "ip": g.host(),
                     "display": "Anna Example", **options})
        await self._stack.enter_async_context(p)
        self.phones.append(p)
        return p

    async def call(self, number, phone=None, say=600, **options):
        """Place a call; the phone says a tone, so that echo is heard."""
        p = phone or await self.add_phone(**options)
        call = await p.call(number)
        call.media.source = audio.tone(say) if say else audio.silence()
        return call

    async def join(self, number="room", phone=None, plan=None, **options):
        """A call that is in its meeting; returns (call, meeting)."""
        room = urllib.parse.unquote(number).split(".")[0].lower()
        if plan:
            self.jigasi.rooms.setdefault(room, []).append(plan)
        call = await self.call(number, phone, **options)
        meeting = await self.jigasi.next_call(10, room)
        await call.wait_state("up", 10)
        await meeting.wait_state("up", 10)
        return call, meeting

    async def in_meeting(self, number="room", **options):
        """The same, and told so: the first prompt has been heard."""
        call, meeting = await self.join(number, **options)
        await self.hears(call, "in-conference")
        return call, meeting

    async def hears(self, call, name, timeout=15):
        """Wait until the caller has heard the prompt to its end; what was
        said before it is behind us then."""
        since = begin = getattr(call, "heard_until", 0)
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while True:
            heard = self.ear.find(call.media.heard(begin), [name])
            if heard:
                call.heard_until = begin + int(heard[0].end * audio.RATE)
                return heard[0]
            if loop.time() > end:
                heard = self.ear.find(call.media.heard(since))
                raise TimeoutError(
                    f"{name} not heard in {timeout} s; heard since: "
                    f"{[str(h) for h in heard]}; {call.describe()}")
            # Where no more than a part of the prompt can be, look again.
            begin = max(since, call.media.mark() - self.ear.window(name))
            await asyncio.sleep(self.look_every)

    def heard(self, call):
        """Names of all prompts heard in the call so far."""
        return self.ear.names(call.media.heard())

    async def hears_tone(self, call, hertz, timeout=10, loud=-30):
        """Wait until half a second of the tone has come through."""
        start = call.media.mark()

        def now():
            half = call.media.heard(max(start, call.media.mark() - 4000))
            return len(half) >= 4000 and audio.tone_level(half, hertz) > loud

        def tell():
            return f"level {audio.level(call.media.heard(start)):.0f} dB"

        await call.media.until(now, timeout, f"{hertz} Hz", tell)

    async def hears_something(self, call, timeout=10):
        """Wait until a prompt, any, has begun."""
        start = call.media.mark()
        await call.media.until(
            lambda: audio.level(call.media.heard(start)[-1600:]) > -40,
            timeout, "anything to hear")

    async def hears_silence(self, call, timeout=10, quiet=-55, seconds=0.5):
        n = int(seconds * audio.RATE)
        start = call.media.mark()

        def now():
            last = call.media.heard(max(start, call.media.mark() - n))
            return len(last) >= n and audio.level(last) < quiet

        await call.media.until(now, timeout, "silence")

    async def hears_nothing(self, call, timeout=10, seconds=0.5):
        """Wait until, for a while, silence comes or no packet at all."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while True:
            start = call.media.mark()
            await asyncio.sleep(seconds)  # the while
            if audio.level(call.media.heard(start)) < -55:
                return
            if loop.time() > end:
                raise TimeoutError("there is still something to hear")

    async def stats(self, timeout=5, **wanted):
        """Wait until /stats says so."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while True:
            got = await loop.run_in_executor(None, self.gateway.stats)
            if all(got.get(k) == v for k, v in wanted.items()):
                return got
            if loop.time() > end:
                raise TimeoutError(f"wanted {wanted}, /stats says {got}")
            await asyncio.sleep(0.05)
