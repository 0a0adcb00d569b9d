"""FreeSWITCH carries the calls: the program that controls it may be killed
at any moment, and goes on with them when it is started again."""
import asyncio
import json
import time

import numpy as np
import pytest

import audio
import hear
from e2e.test_dialout import Scenery, with_trunk
from jigasi import Plan
from mapper import Mapper

RETRY = 45  # s between redials, longer than it takes for all to be there


class Crowd(Scenery):
    """So many calls at a time that looking for a prompt in one of them must
    not keep the audio of the others waiting."""

    def _said(self, recording, name):
        """Where the prompt ends, 0 when it was not said. Of a crowd's audio
        less is asked than usual: on a busy machine a packet may be late, so
        pieces of the prompt must follow each other, 0.1 s more or less."""
        x = np.asarray(recording, np.float64)
        whole = self.ear.find(x, [name])
        if whole or name in self.ear.long:
            return int(whole[0].end * audio.RATE) if whole else 0
        prompt, n, slack = self.ear.prompts[name], 2000, 800
        loud = np.sqrt(np.mean(np.square(prompt)))
        pieces = [(i, prompt[i:i + n]) for i in range(0, len(prompt) - n, n)
                  if np.sqrt(np.mean(np.square(prompt[i:i + n]))) > loud / 2]
        first, piece = pieces[0]
        score = hear.correlate(x, piece)
        if not len(score) or score.max() < 0.7:
            return 0
        shift, missed = int(np.argmax(score)) - first, 0
        for i, piece in pieces[1:]:
            at = max(0, i + shift - slack)
            score = hear.correlate(x[at:i + shift + n + slack], piece)
            if len(score) and score.max() >= 0.7:
                shift = at + int(np.argmax(score)) - i
            else:
                missed += 1
        return shift + len(prompt) if missed <= 1 else 0

    async def said(self, call, name):
        """Whether it was said at all."""
        return await asyncio.to_thread(self._said, call.media.heard(), name)

    async def hears(self, call, name, timeout=25):
        begin = getattr(call, "heard_until", 0)
        end = now() + timeout
        while True:
            mark = call.media.mark()
            until = await asyncio.to_thread(
                self._said, call.media.heard(begin), name)
            if until:
                # The pause at its end may still be to come, or be cut.
                call.heard_until = min(begin + until, mark)
                return
            if now() > end:
                raise TimeoutError(
                    f"{name} not heard in {timeout} s; {call.describe()}")
            begin = max(begin, mark - self.ear.window(name))
            await asyncio.sleep(0.5)


class Gate:
    """Where callers wait until the program has been killed and started."""

    def __init__(self, *callers):
        """So many whose state lasts, and of those whose is ever briefer:
        each kind gets there when those before it are."""
        self._missing = list(callers)
        self._there = [asyncio.Event() for _ in callers]
        self.killed, self.back = asyncio.Event(), asyncio.Event()
        self._count()

    def _count(self):
        left = 0
        for n, event in zip(self._missing, self._there):
            left += n
            if left == 0:
                event.set()

    async def others(self, kinds=1):
        await self._there[kinds - 1].wait()

    async def all(self):
        await self._there[-1].wait()

    async def dead(self):
        """Be there; returns as soon as the program is dead."""
        self._missing[sum(e.is_set() for e in self._there)] -= 1
        self._count()
        await self.killed.wait()

    async def through(self, *calls):
        """Be there; returns when the program is back. What the calls heard
        before it was killed is behind them."""
        await self.dead()
        for c in calls:
            c.heard_until = c.media.mark()
        await self.back.wait()


async def is_in(s, call, room, timeout=15):
    """The caller gets into the room, and hears and is heard there."""
    meeting = await s.jigasi.next_call(timeout, room)
    await meeting.wait_state("up", 10)
    await s.hears_tone(call, 600)
    assert call.state == "up"
    return meeting


def now():
    return asyncio.get_running_loop().time()


# ---- callers: one for each state; each says where the program is killed ----

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


# ---- dialled out of a meeting ----

class Out(Crowd):
    """Phones and telephones that meetings dial."""

    trunk = None

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self._dialling = asyncio.Lock()

    async def dial_out(self, to="user", ring=True):
        """Jigasi's call and that to a phone of its own, or by the trunk."""
        async with self._dialling:
            if to != "user":
                self.trunk.plans.append(lambda c: ring and c.ring())
                call = await self.dial(to)
                rung = await self.trunk.next_call()
            else:
                phone = await self.phone()  # the newest one is rung
                call = await self.dial(to)
                rung = await asyncio.wait_for(phone.incoming.get(), 5)
        if ring:
            await call.wait_state("ringing")
        return call, rung


async def begins_to_ring_while_away(s, gate):
    call, ring = await s.dial_out("+49302", ring=False)
    await gate.dead()
    ring.ring()
    await gate.back.wait()
    await call.wait_state("ringing", 10)
    ring.pick_up()
    await talks_out(s, call, ring)
    await ring.hang_up()


async def talks_out(s, call, ring):
    ring.media.source = audio.tone(600)
    await call.wait_state("up", 10)
    await s.hears(ring, "in-conference")
    await s.hears_tone(ring, 600)
    await s.hears_tone(call, 600)


async def is_rung_for_long(s, gate, to="user"):
    call, ring = await s.dial_out(to)
    await gate.through()
    assert (call.state, ring.state) == ("ringing", "ringing")
    ring.pick_up()
    await talks_out(s, call, ring)
    await ring.hang_up()
    await call.wait_state("ended")


async def is_rung_by_the_trunk(s, gate):
    await is_rung_for_long(s, gate, "+49301")


async def picks_up_while_away(s, gate):
    call, ring = await s.dial_out()
    await gate.dead()
    ring.pick_up()
    await talks_out(s, call, ring)
    await ring.keys("*6")
    await s.hears(ring, "muted")
    await s.hears_silence(call)
    await ring.hang_up()


async def refuses_while_away(s, gate):
    call, ring = await s.dial_out()
    await gate.dead()
    ring.refuse(486)
    await call.wait_state("ended", 10)
    assert call.responses[-1].status in (480, 486)


async def is_given_up_while_away(s, gate):
    call, ring = await s.dial_out()
    await gate.dead()
    await call.cancel()
    await ring.wait_state("ended", 10)


async def is_joined(s, gate, to="user"):
    call, ring = await s.dial_out(to)
    ring.pick_up()
    await talks_out(s, call, ring)
    return call, ring


async def talks_out_of_a_meeting(s, gate):
    call, ring = await is_joined(s, gate)
    start = call.media.mark()
    await gate.dead()
    ring.heard_until = ring.media.mark()
    await ring.keys("*")
    await gate.back.wait()
    await ring.keys("6")
    await s.hears(ring, "muted")
    assert audio.tone_level(call.media.heard(start), 600) > -30
    assert "in-conference" not in s.ear.names(
        ring.media.heard(ring.heard_until))
    await ring.keys("*6")
    await s.hears(ring, "unmuted")
    await call.keys("12#")  # whom it dialled gets the meeting's keys
    await ring.wait(lambda: "".join(ring.media.keys_heard) == "12#", 5,
                    f"the keys; heard {ring.media.keys_heard}")
    await call.hang_up()
    await s.hears(ring, "ended")
    await ring.wait_state("ended", 10)


async def is_muted_out_of_a_meeting(s, gate):
    call, ring = await is_joined(s, gate, "+49303")
    await ring.keys("*6")
    await s.hears(ring, "muted")
    await gate.dead()
    start = call.media.mark()
    await gate.back.wait()
    await asyncio.sleep(2)
    assert audio.level(call.media.heard(start)) < -50, "was heard"
    await ring.keys("*6")
    await s.hears(ring, "unmuted")
    await s.hears_tone(call, 600)
    await ring.hang_up()


async def is_left_while_away(s, gate):
    call, ring = await is_joined(s, gate)
    await gate.dead()
    await call.hang_up()
    await s.hears(ring, "ended")
    await ring.wait_state("ended", 10)
    assert ring.ended_by == "them"


async def leaves_while_away(s, gate):
    call, ring = await is_joined(s, gate)
    await gate.dead()
    await ring.hang_up()
    await call.wait_state("ended", 10)


async def hears_the_end_of_the_other_meeting(s, gate):
    call, ring = await is_joined(s, gate)
    await gate.others()
    await call.hang_up()
    await s.hears_something(ring)
    ring.heard_until = ring.media.mark()
    await gate.through()
    await s.hears(ring, "ended")
    await ring.wait_state("ended", 10)


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
OUT = (is_rung_for_long, is_rung_by_the_trunk, begins_to_ring_while_away,
       picks_up_while_away, refuses_while_away, is_given_up_while_away,
       talks_out_of_a_meeting, is_muted_out_of_a_meeting, is_left_while_away,
       leaves_while_away)
OUT_BRIEF = (hears_the_end_of_the_other_meeting,)


async def comes_while_away(s, back):
    """A call that finds nobody to take it is taken as soon as there is."""
    call = await s.call("late")
    asked = await s.call("1000")
    await back.wait()
    await is_in(s, call, "late")
    await s.hears(asked, "enter-id")
    await asked.keys("77#")
    await is_in(s, asked, "77")


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


async def killed_and_restarted(s, *callers, away=2.0, also=()):
    """also: who comes while the program is away."""
    g, gate = s.gateway, Gate(*(len(c) for c in callers))
    async with asyncio.TaskGroup() as group:
        for caller in sum(callers, ()):
            group.create_task(caller(s, gate))
            await asyncio.sleep(0.3)  # callers come one after the other
        await gate.all()
        await s.stats(activeCalls=len(sum(callers, ())) -
                      sum(callers, ()).count(checks_health))
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
        await killed_and_restarted(s, LASTING, BRIEF, BRIEFER, BRIEFEST,
                                   also=(comes_while_away,))
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
            await killed_and_restarted(s, FOUND, SOUGHT, DIALLED)
            await all_leave(s)


@pytest.mark.deadline(180)
async def test_killed_with_calls_out_of_meetings(freeswitch_with, ear):
    async with with_trunk(freeswitch_with, ear, Out) as (s, t):
        s.trunk = t
        await killed_and_restarted(s, OUT, OUT_BRIEF)
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
