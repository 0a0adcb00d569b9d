"""Several FreeSWITCH under one program, several Jigasi behind one."""
import asyncio

import pytest

from call import Refused
from e2e.gateway_freeswitch import OnFreeSwitch
from e2e.scene import Scene
from fsserver import SETTINGS, FreeSwitch
from jigasi import Jigasi


class TwoNodes(OnFreeSwitch):
    """A second FreeSWITCH, self.second, on loopback addresses of its own."""

    def __init__(self, folder, binary, sounds, **settings):
        super().__init__(folder, binary, sounds, **settings)
        ours = {"FREESWITCH_EXTERNAL_IP", "FREESWITCH_EXTERNAL_EXT_IP",
                "FREESWITCH_INTERNAL_IP"}
        self.second = FreeSwitch(
            self.folder / "second",
            **{k: v for k, v in self.settings.items()
               if k in SETTINGS and k not in ours})
        self.settings["FREESWITCH_SERVER"] += f",{self.second.control[0]}"

    def start(self):
        if self.second.process is None:
            self.second.start()
        return super().start()

    def stop(self):
        wrong = super().stop()
        self.second.stop()
        return wrong


async def jigasi_at(s, server):
    """A Jigasi registered there; the scene ends it."""
    j = Jigasi(s.gateway.jigasi_password, server.internal, ip=s.gateway.host())
    await s._stack.enter_async_context(j)
    s.jigasis.append(j)
    assert (await j.register()).status == 200
    return j


async def joins(s, jigasi, number, phone=None):
    call = await s.call(number, phone)
    meeting = await jigasi.next_call(10, number)
    await call.wait_state("up", 10)
    await s.hears_tone(call, 600)
    return call, meeting


@pytest.mark.deadline(180)
async def test_one_of_two_nodes_dies(freeswitch_with, ear):
    g = freeswitch_with(kind=TwoNodes)
    async with Scene(g, ear) as s:
        there = await jigasi_at(s, g.second)
        far = await s.add_phone(server=g.second.external)
        await s.stats(2, registrations=2, activeCalls=0)
        one, meeting = await joins(s, s.jigasi, "one")
        two, _ = await joins(s, s.jigasi, "two")
        three, lost = await joins(s, there, "three", far)
        assert [len(j.calls) for j in s.jigasis] == [2, 1]
        await s.stats(1, activeCalls=3)

        await asyncio.to_thread(g.second.kill)
        await s.stats(1, activeCalls=2, registrations=1,
                      internalProfileRunning=True,
                      externalProfileRunning=True)
        assert g.get("/ready")[0] == 200
        for c in (one, two):
            await s.hears_tone(c, 600)
        await one.keys("*6")
        await s.hears(one, "muted")
        await meeting.wait(lambda: meeting.muted, 5, "being shown as muted")
        four, _ = await joins(s, s.jigasi, "four")

        three.media.frozen = lost.media.frozen = True
        await asyncio.to_thread(g.second.start)
        await there.register()
        await s.stats(2, activeCalls=3, registrations=2)
        await joins(s, there, "five", await s.add_phone(
            server=g.second.external))
        await s.stats(1, activeCalls=4)
        assert len(s.jigasi.calls) == 3, "nobody was called for the lost one"
        for c in (two, four):
            await s.hears_tone(c, 600)


async def test_all_nodes_away_and_back(freeswitch_with, ear):
    g = freeswitch_with(kind=TwoNodes)
    async with Scene(g, ear) as s:
        await asyncio.to_thread(g.second.kill)
        await asyncio.to_thread(g.server.kill)
        await s.stats(1, registrations=0, internalProfileRunning=False,
                      externalProfileRunning=False)
        assert g.get("/ready")[0] == 503
        await asyncio.to_thread(g.second.start)
        await s.stats(2, internalProfileRunning=True,
                      externalProfileRunning=True)
        assert g.get("/ready")[0] == 200
        there = await jigasi_at(s, g.second)
        await joins(s, there, "room", await s.add_phone(
            server=g.second.external))


async def test_calls_are_spread_over_two_jigasis(freeswitch_with, ear):
    """Least loaded, also after a restart: load is counted from the calls."""
    g = freeswitch_with()
    async with Scene(g, ear, jigasis=2) as s:
        calls = []
        for n in range(6):
            calls.append(await s.call(f"room{n}"))
            await calls[-1].wait_state("up", 10)
        await s.stats(activeCalls=6)
        assert [len(j.calls) for j in s.jigasis] == [3, 3]
        loaded, other = s.jigasis
        for m in other.calls[:2]:
            await m.end()
        await s.stats(10, activeCalls=4)
        await asyncio.to_thread(g.kill)
        await asyncio.to_thread(g.start)
        await s.stats(activeCalls=4)
        for n in range(6, 8):
            await (await s.call(f"room{n}")).wait_state("up", 10)
        assert [len(j.calls) for j in s.jigasis] == [3, 5]


async def test_a_dead_jigasi_costs_one_caller_three_seconds(freeswitch_with,
                                                            ear):
    g = freeswitch_with()
    async with Scene(g, ear, jigasis=2) as s:
        alive, dead = s.jigasis  # the newest is preferred: the dead one
        dead.vanish()
        loop = asyncio.get_running_loop()
        start = loop.time()
        await joins(s, alive, "first")
        assert 2.5 < loop.time() - start < 6
        start = loop.time()
        await joins(s, alive, "second")
        assert loop.time() - start < 2.5


async def test_a_draining_jigasi_keeps_its_calls(freeswitch_with, ear):
    g = freeswitch_with()
    async with Scene(g, ear, jigasis=2) as s:
        stays, drains = s.jigasis
        calls = [await s.call(f"room{n}") for n in range(2)]
        for c in calls:
            await c.wait_state("up", 10)
        meeting = await drains.next_call(5)
        await drains.register(0)
        await s.stats(1, registrations=1)
        for n in range(2, 5):
            await joins(s, stays, f"room{n}")
        assert len(drains.calls) == 1
        call = calls[int(meeting.room[-1])]
        await s.hears(call, "in-conference")
        await call.keys("*6")
        await s.hears(call, "muted")
        await meeting.wait(lambda: meeting.muted, 5, "being shown as muted")
        # The last one, too: then callers are told to come back.
        g.expect_error("no Jigasi")
        await stays.register(0)
        await s.stats(1, registrations=0)
        late = await s.call("late")
        with pytest.raises(Refused) as e:
            await late.wait_state("up")
        assert e.value.status == 503
        await s.hears_tone(calls[1 - int(meeting.room[-1])], 600)
