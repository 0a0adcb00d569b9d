"""FreeSWITCH carries the calls: the program that controls it may be killed
at any moment, and goes on with them when it is started again."""
import asyncio
import json
import time

import pytest

from e2e.survival import callers, dialled
from e2e.survival.crowd import RETRY, Crowd, Gate
from e2e.test_dialout import with_trunk
from mapper import Mapper


def prompts_at_a_time(server):
    """The most that any channel has within a second, in which one begins;
    a look at all channels may take as long on a busy machine."""
    most, end = 0, time.monotonic() + 1
    with server.esl() as e:
        while time.monotonic() < (end if most else end + 4):
            for row in json.loads(e.api("show channels as json"))["rows"]:
                bugs = e.api(f"uuid_buglist {row['uuid']}")
                most = max(most, bugs.count("<function>displace<"))
    return most


async def killed_and_restarted(s, *kinds, away=2.0, also=()):
    """also: who comes while the program is away."""
    g, gate = s.gateway, Gate(*(len(kind) for kind in kinds))
    everyone = sum(kinds, ())
    async with asyncio.TaskGroup() as group:
        for caller in everyone:
            group.create_task(caller(s, gate))
            await asyncio.sleep(0.3)  # callers come one after the other
        await gate.all()
        await s.stats(activeCalls=len(everyone) -
                      everyone.count(callers.checks_health))
        await asyncio.to_thread(g.kill)
        gate.killed.set()
        for caller in also:
            group.create_task(caller(s, gate.back))
        await asyncio.sleep(away)  # as long as the program is away
        await asyncio.to_thread(g.start)
        gate.back.set()
        assert await asyncio.to_thread(prompts_at_a_time, g.server) == 1, \
            "a prompt over that of before"


async def all_leave(s):
    for c in [c for p in s.phones for c in p.calls]:
        await c.hang_up()
    await s.stats(activeCalls=0)


@pytest.mark.deadline(300)
async def test_killed_with_calls_in_every_state(freeswitch_with, ear):
    g = freeswitch_with(JIGATE_RETRY_INTERVAL=RETRY)
    async with Crowd(g, ear) as s:
        await killed_and_restarted(
            s, callers.LASTING, callers.BRIEF, callers.BRIEFER,
            callers.BRIEFEST, also=(callers.comes_while_away,))
        await all_leave(s)


async def test_killed_on_the_way_to_a_meeting(freeswitch_with, ear):
    known = {n: {"conference": f"{room}@muc.meet.jitsi", "passcode": n == "5"}
             for n, room in (("5", "protected"), ("6", "slow"),
                             ("7", "refused"))}
    async with Mapper("127.0.0.1", known) as mapper:
        g = freeswitch_with(JIGATE_MEETING_LOOKUP=mapper.url)
        async with Crowd(g, ear) as s:
            s.mapper = mapper
            mapper.slow.add("6")
            await killed_and_restarted(s, callers.FOUND, callers.SOUGHT,
                                       callers.DIALLED)
            await all_leave(s)


@pytest.mark.deadline(180)
async def test_killed_with_calls_out_of_meetings(freeswitch_with, ear):
    async with with_trunk(freeswitch_with, ear, dialled.Out) as (s, t):
        s.trunk = t
        await killed_and_restarted(s, dialled.OUT, dialled.OUT_BRIEF)
        for p in s.phones:
            await p.register(0)
        await all_leave(s)
        # Told once a start, not whenever FreeSWITCH registers anew.
        await t.endpoint.until(lambda: len(t.registers) > 2, 60, "a renewal")
        await asyncio.sleep(1)
        assert s.gateway.log().count("trunk registered") == 2
        assert s.gateway.log().count("trunk not registered") <= 1


@pytest.mark.deadline(200)
async def test_killed_at_any_moment_of_joining(freeswitch_with, ear):
    """States that last but a moment: calls are offered, dialled for, answered
    and bridged when the program is killed, and end up where they wanted."""
    g = freeswitch_with()
    async with Crowd(g, ear) as s:
        phones = [await s.add_phone() for _ in range(8)]
        for n in range(4):
            calls = []
            for phone in phones:
                calls.append(await s.call(f"moment{n}", phone))
                await asyncio.sleep(0.015 + 0.005 * n)
            await asyncio.to_thread(g.kill)
            await asyncio.to_thread(g.start)
            for call in calls:
                await s.hears_tone(call, 600, 20)
            await s.jigasi.endpoint.until(
                lambda: [c.state for c in s.jigasi.calls].count("up") ==
                len(calls), 5, "one leg at Jigasi for each")
            await s.stats(activeCalls=len(calls))
            for call in calls:
                await call.hang_up()
            await s.stats(activeCalls=0)
