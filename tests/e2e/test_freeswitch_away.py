"""FreeSWITCH comes, goes, and is out of reach; what the program tells of it
is true all the time."""
import asyncio
import time

import pytest

import apart
from e2e.gateway_freeswitch import OnFreeSwitch
from e2e.scene import Scene
from gateway import Gateway
from jigasi import Plan

AWAY = {"activeCalls": 0, "registrations": 0,
        "internalProfileRunning": False, "externalProfileRunning": False}
THERE = {"internalProfileRunning": True, "externalProfileRunning": True}


def now():
    return asyncio.get_running_loop().time()


async def ready(g, wanted, timeout):
    """Wait until /ready says so; /health is well all the time."""
    end = now() + timeout
    while (await asyncio.to_thread(g.get, "/ready"))[0] != wanted:
        assert now() < end, f"/ready is not {wanted} after {timeout} s"
        await asyncio.sleep(0.02)
    assert (await asyncio.to_thread(g.get, "/health"))[0] == 200


async def socket_there(address, timeout=90):
    """Wait until somebody listens."""
    end = now() + timeout
    while True:
        try:
            _, writer = await asyncio.open_connection(
                *address, local_addr=(address[0], 0))
            writer.close()
            return
        except OSError:
            assert now() < end, "nobody listens"
            await asyncio.sleep(0.01)


async def is_back(s, server):
    """FreeSWITCH starts; in service within 2 s of its socket being there."""
    start = asyncio.create_task(asyncio.to_thread(server.start))
    await socket_there(server.control)
    await ready(s.gateway, 200, 2)
    await s.stats(1, activeCalls=0, **THERE)
    await start


def listening(g):
    """Wait until HTTP is there."""
    end = time.monotonic() + 20
    while True:
        try:
            return g.stats()
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)


async def calls_in_every_state(s):
    in_meeting, _ = await s.in_meeting("one")
    asked = await s.call("1000")
    s.jigasi.rooms["busy"] = [Plan(status=486)]
    waits = await s.call("busy")
    s.jigasi.rooms["rings"] = [Plan(on_demand=True)]
    rings = await s.call("rings")
    await s.jigasi.next_call(5, "rings")
    for c in (asked, waits, rings):
        await c.wait_state("up", 10)
    await s.stats(activeCalls=4, registrations=1, **THERE)
    return in_meeting, asked, waits, rings


@pytest.mark.parametrize("how", ("stop", "kill"))
async def test_restarted(freeswitch_with, ear, how):
    g = freeswitch_with()
    async with Scene(g, ear) as s:
        calls = await calls_in_every_state(s)
        await asyncio.to_thread(getattr(g.server, how))
        await s.stats(1, **AWAY)
        await ready(g, 503, 1)
        await asyncio.sleep(1)  # away for a while
        for c in calls:
            c.media.frozen = True
        seen = len(s.jigasi.calls)
        await is_back(s, g.server)
        await s.jigasi.register()
        await s.stats(1, activeCalls=0, registrations=1, **THERE)
        await s.in_meeting("two")
        await s.stats(1, activeCalls=1)
        # Nobody was called for those who are gone.
        assert [c.room for c in s.jigasi.calls[seen:]] == ["two"]
        assert g.log().count("the engine lost the call") == len(calls)


class BeforeFreeSwitch(OnFreeSwitch):
    """The program alone is started, and is not ready for a long time."""

    def start(self):
        return Gateway.start(self)

    def wait_ready(self, timeout=20):
        pass


async def test_up_later_than_the_program(freeswitch_with, ear):
    g = freeswitch_with(kind=BeforeFreeSwitch)
    await asyncio.to_thread(listening, g)
    async with Scene(g, ear, jigasis=0) as s:
        await s.stats(**AWAY)
        await ready(g, 503, 1)
        await asyncio.sleep(3)  # attempts become rare
        await is_back(s, g.server)
        await s.add_jigasi()
        await s.stats(1, registrations=1)
        await s.in_meeting()


async def stopped(g):
    """The external profile stops; FreeSWITCH does that but 10 s after its
    start, and takes a while."""
    end = now() + 30
    while "Please wait" in await asyncio.to_thread(
            g.server.api, "sofia profile external stop"):
        assert now() < end
        await asyncio.sleep(0.5)


async def test_stats_follow_within_a_second(freeswitch_with, ear):
    g = freeswitch_with()
    async with Scene(g, ear) as s:
        await s.stats(1, activeCalls=0, registrations=1, **THERE)
        call = await s.call("room")
        await s.stats(1, activeCalls=1)
        phone = await s.add_phone()
        await phone.register()
        await s.stats(1, registrations=2)
        await phone.register(0)
        await s.stats(1, registrations=1)
        await call.hang_up()
        await s.stats(1, activeCalls=0)
        await stopped(g)
        await s.stats(5, externalProfileRunning=False,
                      internalProfileRunning=True)
        g.server.process.kill()
        await s.stats(1, **AWAY)


# ---- the network between them ----

class ApartFromFreeSwitch(OnFreeSwitch):
    """The program in a network of its own: only the event socket and HTTP
    lie between it and the rest."""

    def __init__(self, folder, binary, sounds, **settings):
        if not apart.possible():
            pytest.skip(apart.MISSING)
        super().__init__(folder, binary, sounds, **settings)
        self.apart = apart.Apart(self.folder)
        here, _ = self.apart.wire
        _, there = self.apart.safe
        self.server.settings.update(FREESWITCH_ESL_ADDRESS=here,
                                    FREESWITCH_ESL_ALLOWED=self.apart.network)
        self.settings.update(FREESWITCH_SERVER=here,
                             JIGATE_REST_ADDRESS=there)
        self.rest = f"http://{there}:8080"
        self.binary = self.apart.program(binary)

    def stop(self):
        try:
            return super().stop()
        finally:
            self.apart.close()


@pytest.mark.deadline(240)
@pytest.mark.parametrize("seconds", (4, 30))
async def test_network_cut(freeswitch_with, ear, seconds):
    """Calls go on as FreeSWITCH has them; what they were waiting for is
    made up for afterwards."""
    g = freeswitch_with(kind=ApartFromFreeSwitch, JIGATE_RETRY_INTERVAL=10)
    g.expect_error("no Jigasi left")  # as it seems before the cut is noticed
    async with Scene(g, ear) as s:
        talks, meeting = await s.in_meeting("talks")
        muted, silent = await s.in_meeting("muted")
        await muted.keys("*6")
        await s.hears(muted, "muted")
        left, behind = await s.in_meeting("left")
        s.jigasi.rooms["busy"] = [Plan(status=486)]
        waits = await s.call("busy")
        await s.hears(waits, "not-started")
        s.jigasi.rooms["rings"] = [Plan(on_demand=True)]
        rings = await s.call("rings")
        ringing = await s.jigasi.next_call(5, "rings")
        await rings.wait_state("up", 10)
        await s.stats(activeCalls=5)
        await asyncio.to_thread(g.apart.cut)
        cut = now()
        await left.hang_up()
        late = await s.call("late")
        await s.hears_tone(talks, 600)
        if seconds > 20:  # long enough to be noticed
            await s.stats(seconds - 5, **AWAY)
            await ready(g, 503, 1)
        ringing.join()
        await talks.keys("*6")
        await asyncio.sleep(cut + seconds - now())
        for c in (talks, muted, waits, rings):
            assert c.state == "up"
        assert late.state != "ended"
        await asyncio.to_thread(g.apart.heal)
        await s.stats(30, activeCalls=5, registrations=1, **THERE)
        await behind.wait_state("ended", 10)
        await s.jigasi.next_call(20, "late")
        await s.hears_tone(late, 600)
        await s.hears_tone(rings, 600)
        await s.jigasi.next_call(20)  # the first of busy, refused
        await s.jigasi.next_call(20, "busy")
        await s.hears_tone(waits, 600)
        await s.hears(talks, "muted")
        await muted.keys("*6")
        await s.hears(muted, "unmuted")
        await s.hears_tone(muted, 600)
        await meeting.wait(lambda: meeting.muted, 5, "being shown as muted")
        for c in (talks, muted, waits, rings, late):
            await c.hang_up()
        await s.stats(activeCalls=0)
