"""Whom meetings dial, one for each state; each says where the program is
killed."""
import asyncio

import audio
from e2e.survival.crowd import Crowd


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


OUT = (is_rung_for_long, is_rung_by_the_trunk, begins_to_ring_while_away,
       picks_up_while_away, refuses_while_away, is_given_up_while_away,
       talks_out_of_a_meeting, is_muted_out_of_a_meeting, is_left_while_away,
       leaves_while_away)
OUT_BRIEF = (hears_the_end_of_the_other_meeting,)
