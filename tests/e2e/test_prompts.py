"""Every prompt is heard by a caller who goes where it is played.

The ways there are walked at the same time, by callers of one gateway; what
each prompt's test tells is whether its caller heard it."""
import asyncio

import pytest

from e2e.conftest import finish, make
from e2e.scene import Scene
from jigasi import ALONE, Plan
from mapper import Mapper
from places import PROMPTS

AT_A_TIME = 8  # callers; this process plays both ends of each call
KNOWN = {"5": {"conference": "passcode@muc.meet.jitsi", "passcode": True}}


class Walk:
    """One caller on one way; notes each prompt when it has been heard."""

    def __init__(self, scene, heard):
        self.s, self.heard = scene, heard

    async def call(self, number, *plans):
        self.s.jigasi.rooms[number] = list(plans)
        self.phone = await self.s.add_phone()
        self.c = await self.s.call(number, self.phone)
        return self

    async def join(self, room):
        self.phone = await self.s.add_phone()
        self.c, self.m = await self.s.join(room, self.phone, Plan())
        return self

    async def hears(self, *names, timeout=30):
        for name in names:
            await self.s.hears(self.c, name, timeout)
            self.heard.add(name)

    async def keys(self, keys):
        await self.c.keys(keys)


async def no_known_id(w):
    await w.call("1000")
    await w.hears("enter-id")
    await w.keys("#")
    await w.hears("no-input", "enter-id")
    await w.keys("99#")
    await w.hears("unknown-id", "enter-id")
    await w.keys("99#")
    await w.hears("unknown-id", "goodbye")


async def passcode(w):
    w.s.jigasi.rooms["passcode"] = [Plan(delay=3)]
    await w.call("1000")
    await w.hears("enter-id")
    await w.keys("5#")
    await w.hears("enter-password")
    await w.keys("1#")
    await w.hears("join", "in-conference")


async def not_started(w):
    await w.call("busy", Plan(status=486), Plan(on_demand=True))
    await w.hears("not-started", "password-hint", "music")


async def long_ringing(w):
    await w.call("ringing", Plan(on_demand=True))
    await w.hears("wait-join")


async def other_codecs(w):
    await w.call("codecs", Plan(status=488, delay=2))
    await w.hears("went-wrong")


async def keys(w):
    await w.join("keys")
    await w.hears("in-conference")
    for key, name in (("*6", "muted"), ("*6", "unmuted"),
                      ("*9", "hand-not-needed"), ("*0", "status-unmuted"),
                      ("*1", "help")):
        await w.keys(key)
        await w.hears(name)


async def moderated(w):
    await w.join("moderated")
    await w.hears("in-conference")
    await w.m.moderation(True)
    await w.hears("moderation-on")
    await w.m.mute_request()
    await w.hears("muted-by-moderator")
    await w.keys("*9")
    await w.hears("hand-raised")
    await w.keys("*0")
    await w.hears("status-muted", "status-hand", "status-moderated")
    await w.keys("*9")
    await w.hears("hand-lowered")
    await w.m.permit()
    await w.hears("may-unmute")
    await w.m.deny()
    await w.hears("may-not-unmute")
    await w.m.moderation(False)
    await w.hears("moderation-off")


async def visitor(w):
    await w.join("visitor")
    await w.m.make_visitor()
    await w.hears("visitor")
    await w.m.make_visitor(False)
    await w.hears("promoted")


async def not_live(w):
    await w.join("queue")
    await w.m.live(False)
    await w.hears("not-live")
    await w.m.live(True)
    await w.hears("live")


async def lobby(w):
    await w.join("lobby")
    await w.m.lobby()
    await w.hears("lobby-wait")
    await w.m.admit()
    await w.hears("lobby-admitted")


async def refused(w):
    await w.join("refused")
    await w.m.lobby()
    await w.m.reject()
    await w.hears("lobby-refused")


async def wrong_password(w):
    await w.join("locked")
    await w.m.lobby("1234")
    await w.hears("lobby-wait")
    w.s.jigasi.rooms["locked"] = [Plan(delay=3)]
    await w.keys("#")
    await w.hears("enter-password")
    await w.keys("9#")
    await w.hears("password-wrong")


async def alone(w):
    await w.join("alone")
    await w.hears("in-conference")
    await w.m.end(*ALONE)
    await w.hears("waiting-for-others")


async def ended(w):
    await w.join("ended")
    await w.m.end()
    await w.hears("ended")


async def long_call(w):
    await w.join("long")
    await w.hears("one-minute", timeout=75)


async def healthcheck(w):
    w.c = await w.s.jigasi.call("healthcheck")
    await w.hears("tone")


WAYS = {  # the longest first
    long_call: ("one-minute",),
    no_known_id: ("enter-id", "no-input", "unknown-id", "goodbye"),
    passcode: ("enter-password", "join", "in-conference"),
    not_started: ("not-started", "password-hint", "music"),
    long_ringing: ("wait-join",),
    other_codecs: ("went-wrong",),
    keys: ("muted", "unmuted", "hand-not-needed", "status-unmuted", "help"),
    moderated: ("moderation-on", "muted-by-moderator", "hand-raised",
                "status-muted", "status-hand", "status-moderated",
                "hand-lowered", "may-unmute", "may-not-unmute",
                "moderation-off"),
    visitor: ("visitor", "promoted"),
    not_live: ("not-live", "live"),
    lobby: ("lobby-wait", "lobby-admitted"),
    refused: ("lobby-refused",),
    wrong_password: ("password-wrong",),
    alone: ("waiting-for-others",),
    ended: ("ended",),
    healthcheck: ("tone",),
}


async def walk_all(gateway, ear, mapper):
    """{way: (prompts heard, what went wrong or None)}"""
    heard = {way: set() for way in WAYS}
    room = asyncio.Semaphore(AT_A_TIME)

    async def walk(s, way):
        async with room:
            await way(Walk(s, heard[way]))

    async with Scene(gateway, ear) as s:
        s.look_every = 0.4
        results = await asyncio.gather(*(walk(s, way) for way in WAYS),
                                       return_exceptions=True)
    return {way: (heard[way], result)
            for way, result in zip(WAYS, results)}


@pytest.fixture(scope="module")
def walks(tmp_path_factory, ear):
    async def run():
        async with Mapper("127.0.0.1", KNOWN) as mapper:
            g = make(tmp_path_factory.mktemp("prompts"),
                     JIGATE_RETRY_INTERVAL=8, JIGATE_MAX_CALL_DURATION=2,
                     JIGATE_MEETING_LOOKUP=mapper.url)
            g.expect_error("fault of configuration")
            await asyncio.to_thread(g.start)
            try:
                return g, await walk_all(g, ear, mapper)
            except BaseException:
                g.kill()
                raise
    g, results = asyncio.run(run())
    finish(g)
    return results


@pytest.mark.parametrize("name", PROMPTS)
def test_a_caller_hears(walks, name):
    ways = [way for way, names in WAYS.items() if name in names]
    assert ways, "no way leads to this prompt"
    for way in ways:
        heard, wrong = walks[way]
        if name not in heard:
            raise AssertionError(f"{way.__name__}: {wrong!r}") from wrong
