"""Callers, one for each state; each says where the program is killed."""
import asyncio

import audio
from e2e.survival.crowd import RETRY, is_in, now
from jigasi import Plan


async def is_asked_for_the_id(s, gate):
    await gate.others(2)
    call = await s.call("1000")
    await s.hears_something(call)
    await gate.through(call)
    await s.hears(call, "enter-id")
    await call.keys("201#")
    await is_in(s, call, "201")


async def has_keyed_half_an_id(s, gate):
    await gate.others(2)
    call = await s.call("1000")
    await s.hears_something(call)
    await call.keys("47")
    await gate.through(call)
    await call.keys("11#")
    await is_in(s, call, "4711")


async def has_keyed_all_but_pound(s, gate):
    await gate.others(2)
    call = await s.call("1000")
    await s.hears_something(call)
    await call.keys("4712")
    await gate.through(call)
    await is_in(s, call, "4712")


async def rings(s, gate):
    s.jigasi.rooms["rings"] = [Plan(on_demand=True)]
    await gate.others()
    call = await s.call("rings")
    meeting = await s.jigasi.next_call(10, "rings")
    await call.wait_state("up", 10)
    await gate.through(call)
    meeting.join()
    await s.hears(call, "in-conference")
    await s.hears_tone(call, 600)


async def rings_for_long(s, gate):
    s.jigasi.rooms["long"] = [Plan(on_demand=True)]
    call = await s.call("long")
    meeting = await s.jigasi.next_call(10, "long")
    await s.hears(call, "wait-join", 20)
    await gate.through(call)
    await s.hears(call, "music")
    meeting.join()
    await s.hears(call, "in-conference")
    await s.hears_tone(call, 600)


async def is_taken_while_away(s, gate):
    s.jigasi.rooms["taken"] = [Plan(on_demand=True)]
    call = await s.call("taken")
    meeting = await s.jigasi.next_call(10, "taken")
    await call.wait_state("up", 10)
    await gate.dead()
    meeting.join()
    await s.hears(call, "in-conference")
    await s.hears_tone(call, 600)


async def waits_for_the_conference(s, gate):
    s.jigasi.rooms["busy"] = [Plan(status=486)]
    call = await s.call("busy")
    await s.jigasi.next_call(10, "busy")
    refused = now()
    await s.hears(call, "password-hint", 20)
    await gate.through(call)
    await s.hears(call, "not-started")
    await is_in(s, call, "busy", RETRY + 5)
    assert RETRY - 1 < now() - refused < RETRY + 3
    assert not await s.said(call, "in-conference"), "this was a redial"


async def has_keyed_half_a_password(s, gate):
    s.jigasi.rooms["secret"] = [Plan(status=486)]
    call = await s.call("secret")
    await s.jigasi.next_call(10, "secret")
    await s.hears(call, "not-started", 20)
    await gate.others(2)
    await call.keys("24")
    await gate.through(call)
    await call.keys("68#")
    meeting = await s.jigasi.next_call(5, "secret")
    assert meeting.invite.get("Jitsi-Conference-Room-Pass") == "2468"
    await s.hears_tone(call, 600)


async def waits_for_others(s, gate):
    call, meeting = await s.in_meeting("alone")
    await meeting.end_alone()
    left = now()
    await s.hears(call, "waiting-for-others")
    await gate.through(call)
    await s.hears(call, "waiting-for-others")
    await is_in(s, call, "alone", RETRY + 5)
    assert RETRY - 1 < now() - left < RETRY + 3


async def in_lobby(s, room, password=None):
    call, meeting = await s.join(room)
    await meeting.lobby(password)
    await s.hears(call, "lobby-wait")
    return call, meeting


async def waits_in_the_lobby(s, gate):
    call, meeting = await in_lobby(s, "lobby")
    await gate.through(call)
    await s.hears(call, "music")
    await meeting.admit()
    await s.hears(call, "lobby-admitted")
    await s.hears(call, "in-conference")
    await s.hears_tone(call, 600)


async def has_keyed_half_the_lobbys_password(s, gate):
    call, meeting = await in_lobby(s, "door", "1234")
    await gate.others(2)
    await call.keys("#")
    await s.hears_something(call)
    await call.keys("12")
    await gate.through(call)
    await call.keys("34#")
    await s.hears(call, "in-conference")
    assert meeting.password_tries == ["1234"]
    await s.hears_tone(call, 600)


async def talks(s, gate, room="talks"):
    call, meeting = await s.in_meeting(room)
    await s.hears_tone(call, 600)
    start = meeting.media.mark()
    await gate.through(call)
    heard = meeting.media.heard(start)
    assert audio.tone_level(heard, 600) > -30, "heard all the time"
    assert s.ear.find(call.media.heard(call.heard_until)) == []
    await call.keys("*6")
    await s.hears(call, "muted")
    await meeting.wait(lambda: meeting.muted, 5, "being shown as muted")


async def talks_too(s, gate):
    await talks(s, gate, "talks2")


async def is_muted(s, gate, room="muted"):
    call, meeting = await s.in_meeting(room)
    await call.keys("*6")
    await s.hears(call, "muted")
    await meeting.wait(lambda: meeting.muted, 5, "being shown as muted")
    start = meeting.media.mark()
    await gate.through(call)
    await asyncio.sleep(2)
    assert audio.level(meeting.media.heard(start)) < -50, "was heard"
    assert meeting.muted
    assert "muted" not in s.ear.names(call.media.heard(call.heard_until))
    await call.keys("*6")
    await s.hears(call, "unmuted")
    await s.hears_tone(call, 600)
    await meeting.wait(lambda: not meeting.muted, 5, "being unmuted")


async def is_muted_too(s, gate):
    await is_muted(s, gate, "muted2")


async def has_the_hand_raised(s, gate):
    call, meeting = await s.in_meeting("hand")
    await meeting.moderation(True)
    await s.hears(call, "moderation-on")
    await call.keys("*6")
    await s.hears(call, "muted")
    await call.keys("*6")
    await s.hears(call, "hand-raised")
    await gate.through(call)
    await call.keys("*0")
    for prompt in ("status-muted", "status-hand", "status-moderated"):
        await s.hears(call, prompt)
    await meeting.permit()
    await s.hears(call, "may-unmute")


async def is_a_visitor(s, gate):
    call, meeting = await s.in_meeting("visitor")
    await meeting.make_visitor()
    await s.hears(call, "visitor")
    await gate.through(call)
    await call.keys("*6")
    await meeting.wait(lambda: meeting.hand, 5, "a raised hand")


async def waits_for_it_to_be_live(s, gate):
    call, meeting = await s.in_meeting("live")
    await meeting.live(False)
    await s.hears(call, "not-live")
    await gate.through(call)
    await meeting.live(True)
    await s.hears(call, "live")
    await s.hears_tone(call, 600)


async def hears_the_end(s, gate):
    call, meeting = await s.in_meeting("end")
    await gate.others(3)
    await meeting.end()
    await meeting.wait_state("ended")
    await s.hears_something(call)
    await gate.through()
    await s.hears(call, "ended")
    await call.wait_state("ended", 5)
    assert call.ended_by == "them"


async def hangs_up_while_away(s, gate):
    call, meeting = await s.in_meeting("left")
    await gate.dead()
    await call.hang_up()
    await meeting.wait_state("ended", 20)
    assert meeting.ended_by == "them"


async def mutes_while_away(s, gate):
    """Also with a key that was there before, and one that comes after."""
    call, meeting = await s.in_meeting("keys")
    await s.hears_tone(call, 600)
    await gate.dead()
    call.heard_until = call.media.mark()
    await call.keys("*6")
    assert not gate.back.is_set()
    await gate.back.wait()
    await s.hears(call, "muted")
    await meeting.wait(lambda: meeting.muted, 5, "being shown as muted")
    await asyncio.sleep(2)
    assert meeting.muted, "the keys counted once"
    await call.keys("*6")
    await s.hears(call, "unmuted")


async def keys_an_id_while_away(s, gate):
    await gate.others(2)
    call = await s.call("1000")
    await s.hears_something(call)
    await call.keys("47")
    await gate.dead()
    await call.keys("13#")
    assert not gate.back.is_set()
    await is_in(s, call, "4713")


async def keys_a_password_while_away(s, gate):
    s.jigasi.rooms["key"] = [Plan(status=486)]
    call = await s.call("key")
    await s.jigasi.next_call(10, "key")
    await s.hears(call, "not-started", 20)
    await gate.dead()
    await call.keys("135#", "info")
    meeting = await s.jigasi.next_call(15, "key")
    assert meeting.invite.get("Jitsi-Conference-Room-Pass") == "135"
    await s.hears_tone(call, 600)


async def has_keyed_half_of_a_known_password(s, gate):
    """Of a meeting that the mapper calls protected."""
    await gate.others()
    call = await s.call("1000")
    await s.hears_something(call)
    await call.keys("5#")
    await s.hears(call, "enter-password")
    await call.keys("86")
    await gate.dead()
    await call.keys("42")
    await gate.back.wait()
    await call.keys("0#")
    meeting = await s.jigasi.next_call(10, "protected")
    assert meeting.invite.get("Jitsi-Conference-Room-Pass") == "86420"
    await s.hears_tone(call, 600)


async def waits_for_its_id_to_be_found(s, gate):
    await gate.others()
    call = await s.call("1000")
    await s.hears_something(call)
    await call.keys("6#")
    await s.mapper.wanted("6")
    await gate.through(call)
    s.mapper.slow.clear()
    await is_in(s, call, "slow")


async def is_dialled_for(s, gate):
    """Jigasi rings while nobody is there to see it."""
    s.jigasi.rooms["dialled"] = [Plan(ring=False, on_demand=True)]
    await gate.others(2)
    call = await s.call("dialled")
    meeting = await s.jigasi.next_call(10, "dialled")
    await gate.dead()
    meeting.ring()
    await gate.back.wait()
    await call.wait_state("up", 10)
    await asyncio.sleep(4)
    assert [getattr(c, "room", None) for c in s.jigasi.calls].count(
        "dialled") == 1
    meeting.join()
    await s.hears(call, "in-conference")
    await s.hears_tone(call, 600)


async def finds_no_jigasi(s, gate):
    """It is called again after 5 s, then after 10 s."""
    s.gateway.expect_error("no Jigasi left")
    call = await s.call("1000")
    await s.hears_something(call)
    s.jigasi.rooms["refused"] = [Plan(status=503, ring=False)] * 2
    await call.keys("7#")
    await s.jigasi.next_call(5, "refused")
    refused = now()
    await s.hears(call, "went-wrong")
    await gate.through()
    await s.jigasi.next_call(10, "refused")
    await s.jigasi.next_call(15, "refused")
    assert 14 < now() - refused < 18
    await s.hears_tone(call, 600)


async def checks_health(s, gate):
    """Jigasi listens to its tone to the end, and no longer."""
    await gate.others()
    call = await s.dial("healthcheck", echo=False)
    await call.wait_state("up")
    begin = now()
    await gate.dead()
    await call.wait_state("ended", 15)
    assert 9 < now() - begin < 12
    assert audio.level(call.media.heard()[-4000:]) > -30, "a tone to the end"


async def comes_while_away(s, back):
    """A call that finds nobody to take it is taken as soon as there is."""
    call = await s.call("late")
    asked = await s.call("1000")
    await back.wait()
    await is_in(s, call, "late")
    await s.hears(asked, "enter-id")
    await asked.keys("77#")
    await is_in(s, asked, "77")


LASTING = (has_the_hand_raised, is_muted, is_a_visitor, is_muted_too,
           waits_for_it_to_be_live, waits_in_the_lobby, talks, talks_too,
           rings_for_long, is_taken_while_away, hangs_up_while_away,
           waits_for_the_conference, waits_for_others, mutes_while_away,
           keys_a_password_while_away)
BRIEF = (rings,)
BRIEFER = (is_asked_for_the_id, has_keyed_half_an_id, has_keyed_all_but_pound,
           has_keyed_half_a_password, has_keyed_half_the_lobbys_password,
           keys_an_id_while_away)
BRIEFEST = (hears_the_end,)
FOUND = (finds_no_jigasi,)
SOUGHT = (has_keyed_half_of_a_known_password, waits_for_its_id_to_be_found,
          checks_health)
DIALLED = (is_dialled_for,)
