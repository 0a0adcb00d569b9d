"""The lobby: waiting, passwords, admitted and refused."""
import asyncio

from jigasi import Plan


async def in_lobby(s, password=None):
    call, meeting = await s.join()
    await meeting.lobby(password)
    await s.hears(call, "lobby-wait")
    return call, meeting


async def test_admitted(scene):
    async with scene() as s:
        call, meeting = await in_lobby(s)
        await s.hears(call, "music")
        await meeting.admit()
        await s.hears(call, "lobby-admitted")
        await s.hears(call, "in-conference")
        await s.hears_tone(call, 600)


async def test_right_password(scene):
    async with scene() as s:
        call, meeting = await in_lobby(s, "1234")
        await call.keys("#")
        await s.hears(call, "enter-password")
        await call.keys("1234#")
        await s.hears(call, "in-conference")
        assert meeting.password_tries == ["1234"]
        await s.hears_tone(call, 600)


async def test_wrong_password_leads_back_into_the_lobby(scene):
    async with scene() as s:
        call, meeting = await in_lobby(s, "1234")
        await call.keys("#")
        await s.hears(call, "enter-password")
        s.jigasi.plan(Plan(delay=3))  # to be back takes a while, too
        await call.keys("99#")
        await s.hears(call, "password-wrong")
        again = await s.jigasi.next_call(10)
        await again.wait_state("up")
        await again.lobby("1234")
        await s.hears(call, "lobby-wait")
        await call.keys("#")
        await s.hears(call, "enter-password")
        await call.keys("1234#")
        await s.hears_tone(call, 600)
        assert again.password_tries == ["1234"]


async def test_refused(scene):
    async with scene() as s:
        call, meeting = await in_lobby(s)
        await meeting.reject()
        await s.hears(call, "lobby-refused")
        await call.wait_state("ended", 10)
        await s.stats(activeCalls=0)
        assert len(s.jigasi.calls) == 1, "no retry"


async def test_refused_at_once(scene):
    """While the engine still joins the caller to Jigasi."""
    async def refused(s, n):
        call, meeting = await s.join(f"room{n}", await s.add_phone(), Plan())
        await asyncio.sleep(n / 100)
        await meeting.lobby()
        await meeting.reject()
        await s.hears(call, "lobby-refused")
        await call.wait_state("ended", 10)

    async with scene() as s:
        await asyncio.gather(*(refused(s, n) for n in range(6)))


async def test_mute_in_the_lobby_holds_in_the_meeting(scene):
    async with scene() as s:
        call, meeting = await in_lobby(s)
        await call.keys("*6")
        await s.hears(call, "muted")
        await meeting.admit()
        await s.hears(call, "in-conference")
        await s.hears_silence(meeting)
        await meeting.wait(lambda: meeting.muted, 4, "presence audio-muted")
