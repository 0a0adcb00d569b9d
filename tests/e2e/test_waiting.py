"""Meetings that have not started, Jigasis that fail."""
import asyncio

import pytest

import audio
from e2e.scene import Scene
from jigasi import ALONE, Plan


async def test_busy_then_joined_on_redial(gateway_with, ear):
    g = gateway_with(JIGATE_RETRY_INTERVAL=8)
    async with Scene(g, ear) as s:
        s.jigasi.plan(Plan(status=486), Plan(status=486), Plan())
        call = await s.call("room")
        await s.hears(call, "not-started")
        await s.hears(call, "password-hint")
        await s.hears(call, "music")
        await call.wait(lambda: len(s.jigasi.calls) == 3 and
                        s.jigasi.calls[-1].state == "up", 20, "joining")
        await s.hears_tone(call, 600)
        await s.stats(activeCalls=1)
        assert "in-conference" not in s.heard(call), "this was a redial"


async def test_password_keyed_while_waiting_is_tried_at_once(gateway_with,
                                                             ear):
    g = gateway_with(JIGATE_RETRY_INTERVAL=600)
    async with Scene(g, ear) as s:
        s.jigasi.room_password = "2580"
        call = await s.call("room")
        await s.hears(call, "not-started")
        await call.keys("111#")
        await s.jigasi.endpoint.until(lambda: len(s.jigasi.calls) == 2, 5,
                                      "a redial")
        await s.hears(call, "not-started")
        await call.keys("2580#")
        await s.jigasi.endpoint.until(
            lambda: len(s.jigasi.calls) == 3 and
            s.jigasi.calls[2].state == "up", 5, "joining")
        passwords = [c.invite.get("Jitsi-Conference-Room-Pass")
                     for c in s.jigasi.calls]
        assert passwords == [None, "111", "2580"]


async def test_waits_for_others_when_alone(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await meeting.end(*ALONE)
        await s.hears(call, "waiting-for-others")
        again = await s.jigasi.next_call()
        assert again is meeting or again.room == "room"


async def test_a_failing_jigasi_is_redialled_once(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        s.jigasi.plan(Plan(delay=3))
        await meeting.end(408, "No response on heartbeat")
        await s.hears(call, "went-wrong")
        await s.jigasi.endpoint.until(
            lambda: len(s.jigasi.calls) == 2 and
            s.jigasi.calls[1].state == "up", 10, "the redial")
        await s.hears_tone(call, 600)
        await s.jigasi.calls[1].end(500, "other trouble")
        await s.hears(call, "goodbye")
        await call.wait_state("ended", 10)
        assert len(s.jigasi.calls) == 2


async def test_two_jigasis_one_dead(scene):
    async with scene(jigasis=2) as s:
        alive, dead = s.jigasis  # the newest is preferred: the dead one
        dead.vanish()
        call = await s.call("room")
        meeting = await alive.next_call(8)
        await s.hears(call, "in-conference")
        await s.hears_tone(call, 600)
        # It is remembered: the next caller does not wait for it.
        call2 = await s.call("other")
        await alive.next_call(2)
        await call2.wait_state("up")


@pytest.mark.parametrize("status", (480, 500, 503))
async def test_the_next_jigasi_is_tried_at_once(scene, status):
    async with scene(jigasis=2) as s:
        good, bad = s.jigasis
        bad.plan(Plan(status=status, ring=False))
        call = await s.call("room")
        await good.next_call(2)
        await s.hears(call, "in-conference")


async def test_least_loaded_jigasi_is_chosen(scene):
    async with scene(jigasis=2) as s:
        for n in range(4):
            call = await s.call(f"room{n}")
            await call.wait_state("up")
        await s.stats(activeCalls=4)
        assert [len(j.calls) for j in s.jigasis] == [2, 2]


async def test_jigasi_comes_while_a_caller_waits(scene):
    async with scene(jigasis=0) as s:
        s.gateway.expect_error("no Jigasi")
        call = await s.call("1000")
        await s.hears(call, "enter-id")
        await call.keys("12#")
        await s.hears(call, "went-wrong")
        j = await s.add_jigasi()
        await j.next_call(12)
        await s.hears_tone(call, 600)


async def test_long_ringing(scene):
    async with scene() as s:
        s.jigasi.plan(Plan(on_demand=True))
        call = await s.call("room")
        meeting = await s.jigasi.next_call()
        await s.hears(call, "wait-join", 12)
        await s.hears(call, "music", 10)
        meeting.join()
        await s.hears(call, "in-conference")


@pytest.mark.deadline(150)
async def test_jigasi_gone_silent(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        s.jigasi.vanish()
        second = await s.add_jigasi()
        second.plan(Plan(delay=3))
        await s.hears(call, "went-wrong", 60)
        await second.next_call(10)
        await s.hears_tone(call, 600)


@pytest.mark.deadline(150)
async def test_phone_gone_silent(gateway_with, ear):
    g = gateway_with(JIGATE_MEDIA_TIMEOUT=1)
    async with Scene(g, ear) as s:
        call, meeting = await s.in_meeting()
        call.go_silent()
        await meeting.wait_state("ended", 60)
        await s.stats(activeCalls=0)


async def test_a_phone_without_voice_but_alive_stays(gateway_with, ear):
    g = gateway_with(JIGATE_MEDIA_TIMEOUT=1)
    async with Scene(g, ear) as s:
        call, meeting = await s.in_meeting()
        call.media.frozen = True  # no RTP, yet it answers who asks
        await call.wait(lambda: any(m.method in ("OPTIONS", "INVITE")
                                    for m in call.requests), 10, "a question")
        call.media.frozen = False
        await s.hears_tone(call, 600)
        assert meeting.state == "up"


async def test_who_made_no_offer_may_be_silent_too(gateway_with, ear):
    g = gateway_with(JIGATE_MEDIA_TIMEOUT=1)
    async with Scene(g, ear) as s:
        phone = await s.add_phone()
        call = phone.make_call()
        await phone.dial(call, "room", offer=False)
        call.media.source = audio.tone(600)
        meeting = await s.jigasi.next_call(10)
        await call.wait_state("up", 10)
        await s.hears_tone(meeting, 600)
        call.media.frozen = True
        await call.wait(lambda: any(m.method in ("OPTIONS", "INVITE")
                                    for m in call.requests), 10, "a question")
        await asyncio.sleep(2)
        call.media.frozen = False
        await s.hears_tone(meeting, 600)
        assert meeting.state == call.state == "up"
        await call.hang_up()


async def test_registration_gone_means_no_calls(scene):
    async with scene() as s:
        s.gateway.expect_error("no Jigasi")
        await s.jigasi.register(0)
        await s.stats(registrations=0)
        call = await s.call("room")
        await call.wait_state("ended")
        assert call.responses[-1].status == 503
        assert s.jigasi.calls == []

