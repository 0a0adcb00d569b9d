"""How callers get into a meeting, and out of it."""
import pytest

import audio
from call import Refused
from e2e.scene import Scene
from jigasi import Plan


async def both_ways(s, call, meeting):
    """Each hears the other: the phone its own echo, Jigasi the phone."""
    await s.hears_tone(call, 600)
    await s.hears_tone(meeting, 600)


async def test_registered_phone_by_ivr_into_a_meeting(scene):
    async with scene() as s:
        s.jigasi.plan(Plan(delay=2.5))
        before = await s.stats(activeCalls=0, registrations=1,
                               internalProfileRunning=True,
                               externalProfileRunning=True)
        phone = await s.add_phone()
        r = await phone.register()
        assert r.status == 200 and 0 < phone.granted <= 600
        await s.stats(activeCalls=0,
                      registrations=before["registrations"] + 1)
        call = await s.call("1000", phone)
        await call.wait_state("up")
        await s.stats(activeCalls=1)
        await s.hears(call, "enter-id")
        await call.keys("4711#")
        meeting = await s.jigasi.next_call(5)
        assert meeting.room == "4711" and meeting.domain is None
        assert "Anna Example" in meeting.caller
        await s.hears(call, "in-conference")
        assert s.heard(call)[:2] == ["enter-id", "join"]
        await both_ways(s, call, meeting)
        assert meeting.media.keys_heard == [], "keys are the gateway's"
        stats = meeting.media.stats()
        assert (stats.lost, stats.sources, stats.breaks) == (0, 1, 0), stats
        await call.hang_up()
        await meeting.wait_state("ended")
        assert meeting.end_reason is None
        await s.stats(activeCalls=0)
        await phone.register(0)
        await s.stats(registrations=before["registrations"])


async def test_direct_call(scene):
    async with scene() as s:
        call, meeting = await s.join("MyRoom")
        assert meeting.room == "myroom"
        await s.hears(call, "in-conference")
        await both_ways(s, call, meeting)
        assert s.heard(call) == ["in-conference"]


async def test_a_domain_after_the_room_goes_into_its_own_header(scene):
    async with scene() as s:
        call, meeting = await s.join("team.meet.example.org")
        assert (meeting.room, meeting.domain) == ("team", "meet.example.org")


async def test_muc_domain_makes_the_room_a_full_address(gateway_with, ear):
    g = gateway_with(XMPP_MUC_DOMAIN="muc.meet.jitsi")
    async with Scene(g, ear) as s:
        call, meeting = await s.join("room")
        assert meeting.room == "room@muc.meet.jitsi"
        assert meeting.domain is None


@pytest.mark.parametrize("codec", ("pcma", "pcmu", "opus"))
async def test_codecs_pass_through(scene, codec):
    async with scene(codecs=("opus", "pcma", "pcmu")) as s:
        call, meeting = await s.join("room", codecs=(codec,))
        await s.hears(call, "in-conference")
        await both_ways(s, call, meeting)
        assert call.media.codec.name.lower() == codec
        assert meeting.media.codec.name.lower() == codec


async def test_a_law_phone_and_mu_law_jigasi(scene):
    async with scene(codecs=("pcmu",)) as s:
        call, meeting = await s.join("room", codecs=("pcma",))
        await both_ways(s, call, meeting)


async def test_jigasi_ends_the_meeting(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await meeting.end()
        await s.hears(call, "ended")
        await call.wait_state("ended", 10)
        assert call.ended_by == "them"


async def test_phone_hangs_up_while_jigasi_rings(scene):
    async with scene() as s:
        s.jigasi.plan(Plan(on_demand=True))
        call = await s.call("room")
        meeting = await s.jigasi.next_call()
        await call.hang_up()
        await meeting.wait_state("ended")
        assert ("CANCEL received" in [w for _, w in meeting.history])
        await s.stats(activeCalls=0)


async def test_a_200_that_crosses_our_cancel_is_ended_by_bye(scene):
    async with scene() as s:
        s.jigasi.plan(Plan(on_demand=True, race=True))
        call = await s.call("room")
        meeting = await s.jigasi.next_call()
        await call.wait_state("up")  # answered early
        await call.hang_up()
        await meeting.wait_state("ended")
        told = [w for _, w in meeting.history]
        assert told.index("CANCEL received") < told.index("ACK received") \
            < told.index("BYE received")
        await s.stats(activeCalls=0)


async def test_on_join_rings_until_jigasi_answers(gateway_with, ear):
    g = gateway_with(JIGATE_ANSWER="on-join")
    async with Scene(g, ear) as s:
        s.jigasi.plan(Plan(on_demand=True))
        call = await s.call("room")
        meeting = await s.jigasi.next_call()
        await call.wait_state("ringing")
        assert call.media.packets == []
        meeting.join()
        await call.wait_state("up")
        await s.hears(call, "in-conference")
        # One who hangs up before is let go by CANCEL on both sides.
        s.jigasi.plan(Plan(on_demand=True))
        call = await s.call("other")
        meeting = await s.jigasi.next_call()
        await call.wait_state("ringing")
        await call.cancel()
        assert call.responses[-1].status == 487
        await meeting.wait_state("ended")


async def test_no_jigasi_is_503(scene):
    async with scene(jigasis=0) as s:
        s.gateway.expect_error("no Jigasi")
        call = await s.call("room")
        with pytest.raises(Refused) as e:
            await call.wait_state("up")
        assert e.value.status == 503
        assert int(e.value.response.get("Retry-After")) > 0
        await s.stats(activeCalls=0)


async def test_jigasi_that_wants_other_codecs(scene):
    async with scene() as s:
        s.gateway.expect_error("fault of configuration|codecs")
        s.jigasi.plan(Plan(status=488))
        call = await s.call("1000")
        await s.hears(call, "enter-id")
        await call.keys("77#")
        await s.hears(call, "went-wrong")
        await call.wait_state("ended", 10)


async def test_healthcheck_of_jigasi_hears_a_tone(scene):
    async with scene() as s:
        call = await s.jigasi.call("healthcheck")
        await call.wait_state("up")
        await s.hears_tone(call, 440)
        stats = await s.stats(activeCalls=0)
        assert stats["activeCalls"] == 0, "no participant"
        await call.hang_up()


async def test_jigasi_may_not_dial_out_and_phones_not_the_healthcheck(scene):
    async with scene() as s:
        call = await s.jigasi.call("0015551234")
        with pytest.raises(Refused) as e:
            await call.wait_state("up")
        assert e.value.status == 403
        # To a phone "healthcheck" is a room as any other.
        call, meeting = await s.join("healthcheck")
        assert meeting.room == "healthcheck"


async def test_names_that_are_no_rooms_are_refused(scene):
    bad = ["a%20b", "a%2Cb", "%7Ba%7D", "%24%7Bx%7D", "a%0D%0AX-Evil:1",
           "a%00b", "a%2541", "x" * 129, "a%22b", "a%3Cb", "room.bad_domain%20",
           "room.", "%FF%FE", "a%2Fb"]
    async with scene() as s:
        phone = await s.add_phone()
        for name in bad:
            call = await s.call(name, phone)
            with pytest.raises(Refused) as e:
                await call.wait_state("up")
            assert e.value.status == 404, name
        assert s.jigasi.calls == []
        call, meeting = await s.join("stra%C3%9Fe_1-2+~!", phone)
        assert meeting.room == "straße_1-2+~!"


async def test_keys_while_the_prompt_plays_count(scene):
    async with scene() as s:
        call = await s.call("1000")
        await call.wait_state("up")
        await call.media.until(call.media.flowing(20), 5, "the prompt")
        await call.keys("5*66#")  # * clears what was keyed
        meeting = await s.jigasi.next_call()
        assert meeting.room == "66"
        await s.hears(call, "in-conference")
        assert "enter-id" not in s.heard(call), "a key stops the prompt"


@pytest.mark.parametrize("how", ("rfc4733", "info", "info-dtmf", "inband"))
async def test_keys_in_every_way(scene, how):
    async with scene() as s:
        call = await s.call("1000", events=how == "rfc4733", say=None)
        await call.wait_state("up")
        await s.hears(call, "enter-id")
        await call.keys("1029384756#", how)
        meeting = await s.jigasi.next_call(8)
        assert meeting.room == "1029384756"
        await s.hears(call, "in-conference")
        await call.keys("*6", how)
        await s.hears(call, "muted")
        await call.keys("*6", how)
        await s.hears(call, "unmuted")
        assert meeting.media.keys_heard == []


async def test_four_seconds_without_a_key_end_the_entry(scene):
    async with scene() as s:
        call = await s.call("1000")
        await s.hears(call, "enter-id")
        await call.keys("123")
        meeting = await s.jigasi.next_call(8)
        assert meeting.room == "123"


async def test_tcp_phone(scene):
    async with scene() as s:
        phone = await s.add_phone(transport="tcp")
        assert (await phone.register()).status == 200
        call, meeting = await s.join("room", phone)
        await s.hears(call, "in-conference")
        await both_ways(s, call, meeting)
        await meeting.end()
        await call.wait_state("ended", 15)
        await phone.register(0)


async def test_tcp_jigasi(scene):
    async with scene(transport="tcp") as s:
        call, meeting = await s.in_meeting()
        await both_ways(s, call, meeting)
        await meeting.heartbeat()
        await meeting.wait(lambda: meeting.heartbeats == 1)


async def test_an_invite_without_an_offer(scene):
    async with scene() as s:
        phone = await s.add_phone()
        call = await phone.call("room", offer=False)
        call.media.source = audio.tone(600)
        await call.wait_state("up")
        meeting = await s.jigasi.next_call()
        await s.hears(call, "in-conference")
        await both_ways(s, call, meeting)
