"""In the meeting: keys, mute, hand, and every message of Jigasi."""
import asyncio

import pytest

import audio
from e2e.scene import Scene


async def muted_there(meeting, on=True):
    """Jigasi shows the caller as muted (or not)."""
    await meeting.wait(lambda: meeting.muted == on, 4,
                       f"presence audio-muted={on}")


async def unbroken(s, meeting, since):
    """The stream to Jigasi went on through whatever happened."""
    stats = meeting.media.stats(since)
    assert stats.lost == 0 and stats.breaks == 0 and stats.sources == 1, stats
    assert stats.largest_gap_ms < 500, stats


@pytest.mark.parametrize("mixer", (True, False), ids=("mixer", "translator"))
async def test_star_6_mutes_and_unmutes(scene, mixer):
    async with scene(mixer=mixer) as s:
        call, meeting = await s.in_meeting()
        await s.hears_tone(meeting, 600)
        since = len(meeting.media.packets)
        await call.keys("*6")
        await s.hears_silence(meeting)
        await s.hears(call, "muted")
        await muted_there(meeting)
        ask = meeting.received(type="muteRequest")
        assert ask and ask[0]["data"] == {"audio": True} and ask[0]["id"]
        if mixer:
            assert meeting.received(type="muteResponse", status="OK")
        await call.keys("*6")
        await s.hears(call, "unmuted")
        await s.hears_tone(meeting, 600)
        await muted_there(meeting, False)
        assert meeting.media.keys_heard == []
        await unbroken(s, meeting, since)


async def test_star_6_of_one_who_may_not_speak_raises_the_hand(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await meeting.moderation(True)
        await s.hears(call, "moderation-on")
        await call.keys("*6")  # unmuted: mutes, moderated or not
        await s.hears(call, "muted")
        await muted_there(meeting)
        await call.keys("*6")
        await s.hears(call, "hand-raised")
        assert meeting.hand and meeting.muted
        await s.hears_silence(meeting)
        await meeting.permit()
        await s.hears(call, "may-unmute")
        await call.keys("*6")
        await s.hears(call, "unmuted")
        await s.hears_tone(meeting, 600)


async def test_star_6_of_a_visitor_raises_the_hand(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await meeting.make_visitor()
        await s.hears(call, "visitor")
        await call.keys("*6")
        await s.hears(call, "hand-raised")
        assert meeting.hand
        await s.hears_silence(meeting)
        await meeting.make_visitor(False)
        await s.hears(call, "promoted")
        await call.keys("*6")
        await s.hears(call, "unmuted")
        await s.hears_tone(meeting, 600)


async def test_star_9_raises_and_lowers(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await call.keys("*9")
        await s.hears(call, "hand-not-needed")
        assert not meeting.hand
        await meeting.moderation(True)
        await meeting.mute_request()
        await s.hears(call, "muted-by-moderator")
        await call.keys("*9")
        await s.hears(call, "hand-raised")
        assert meeting.hand
        await call.keys("*9")
        await s.hears(call, "hand-lowered")
        await meeting.wait(lambda: not meeting.hand, 4, "the hand lowered")
        await muted_there(meeting)
        await s.hears_silence(meeting)


async def test_help_and_status(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await call.keys("*1")
        await s.hears(call, "help")
        await call.keys("*0")
        await s.hears(call, "status-unmuted")
        await meeting.moderation(True)
        await call.keys("*6")
        await s.hears(call, "muted")
        await call.keys("*6")
        await s.hears(call, "hand-raised")
        await call.keys("*0")
        await s.hears(call, "status-muted")
        await s.hears(call, "status-hand")
        await s.hears(call, "status-moderated")


async def test_other_keys_are_of_their_own_map(gateway_with, ear):
    g = gateway_with(JIGATE_KEYS="#1=mute,77=status")
    async with Scene(g, ear) as s:
        call, meeting = await s.in_meeting()
        await call.keys("#1")
        await s.hears(call, "muted")
        await call.keys("77")
        await s.hears(call, "status-muted")


async def test_moderator_mutes(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await s.hears_tone(meeting, 600)
        ident = await meeting.mute_request()
        await s.hears_silence(meeting)
        answer = meeting.received(type="muteResponse")
        assert [(m["id"], m["status"], m["data"]) for m in answer] == \
            [(ident, "OK", {"audio": True})]
        await s.hears(call, "muted-by-moderator")
        # Nobody but the caller opens his microphone.
        await meeting.mute_request(False)
        await call.keys("*0")
        await s.hears(call, "status-muted")


async def test_heartbeat_is_answered_within_a_second(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        for n in range(1, 4):
            await meeting.heartbeat()
            await meeting.wait(lambda: meeting.heartbeats == n, 1, "t:11")


async def test_permission_withdrawn(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await meeting.moderation(True)
        await meeting.deny()
        await s.hears(call, "may-not-unmute")
        await s.hears_silence(meeting)
        await meeting.moderation(False)
        await s.hears(call, "moderation-off")
        await call.keys("*6")
        await s.hears(call, "unmuted")


async def test_visitor_queue_until_the_meeting_is_live(scene):
    async with scene() as s:
        call, meeting = await s.join()
        await meeting.live(False)
        await s.hears(call, "not-live")
        await meeting.live(True)
        await s.hears(call, "live")
        await s.hears_tone(call, 600)
        assert "in-conference" not in s.heard(call)


async def test_the_same_message_twice_is_said_once(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        for _ in range(3):
            await meeting.tell({"t": 8, "d": True})
        await meeting.tell({"t": 9})
        await s.hears(call, "may-unmute")
        assert s.heard(call).count("moderation-on") == 1


async def test_prompts_do_not_stop_the_meeting_for_others(scene):
    """Jigasi goes on hearing the caller while the caller hears a prompt."""
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await s.hears_tone(meeting, 600)
        since, mark = len(meeting.media.packets), meeting.media.mark()
        await call.keys("*1")
        await s.hears(call, "help")
        await unbroken(s, meeting, since)
        # but for the keys themselves
        heard = meeting.media.heard(mark)
        loud = [audio.tone_level(heard[i:i + 800], 600) > -30
                for i in range(0, len(heard) - 800, 800)]
        assert sum(loud) > 0.8 * len(loud)


async def test_t12_without_d_means_nothing_to_a_stock_gateway(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await meeting.tell({"t": 12})
        await call.keys("*0")
        await s.hears(call, "status-unmuted")
        assert call.state == "up"


async def test_extended_dialect(gateway_with, ear):
    g = gateway_with(JIGASI_EXTENDED="true")
    async with Scene(g, ear) as s:
        call, meeting = await s.in_meeting()
        await call.keys("*9")
        await s.hears(call, "hand-raised")
        hands = meeting.received(type="handRequest")
        assert len(hands) == 1
        await meeting.tell({"t": 13})
        await s.hears(call, "hand-lowered")
        await meeting.tell({"t": 12})
        await s.hears(call, "ended")
        await call.wait_state("ended", 10)


ODD = [
    b"", b"{", b"null", b"[]", b"7", b'"t"', b"{}", b'{"t":null}',
    b'{"t":"11"}', b'{"t":11.5}', b'{"t":1e300}', b'{"t":-1}',
    b'{"t":99999999999999999999}', b'{"t":12,"d":"true"}', b'{"t":8}',
    b'{"t":8,"d":{}}', b'{"type":7}', b'{"type":"muteRequest"}',
    b'{"type":"muteRequest","id":7,"data":{"audio":true}}',
    b'{"type":"muteRequest","id":"x","data":[]}',
    b'{"type":"muteRequest","id":"x","data":{"audio":"true"}}',
    b'{"type":"muteRequest","id":"' + b"x" * 5000 +
    b'","data":{"audio":true}}',
    b'{"type":"muteResponse","id":"x","status":"OK","data":{"audio":true}}',
    b'{"type":"nonsense","id":"x"}', b"[" * 10000, b'{"a":' * 3000,
    b'{"t":11,"t":3}', b'{"t":3\x00}', b'\xff\xfe{"t":3}',
    b'{"i":"\\ud800","t":99}', b'{"d":{"pwd":"x"},"t":4}',
]


async def test_odd_messages_change_nothing(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        for body in ODD:
            r = await meeting.info(body)
            assert r.status in (200, 400, 413, 415), (body[:60], r)
        for kind in ("text/plain", "application/json;charset=utf-8",
                     "application/x-" + "y" * 300):
            await meeting.info(b"{}", kind)
        assert meeting.messages == [], "nothing was answered"
        await meeting.heartbeat()
        await meeting.wait(lambda: meeting.heartbeats == 1, 2, "t:11")
        await call.keys("*0")
        await s.hears(call, "status-unmuted")
        assert s.heard(call) == ["in-conference", "status-unmuted"]
        log = s.gateway.log()
        mentions = [line for line in log.splitlines() if "INFO" in line
                    and " warn " in line]
        assert len(mentions) <= 3, "one line a call, not one a message"


async def test_messages_while_a_caller_waits_cross_nothing(scene):
    """Messages before the bridge is up, as fast as they can come."""
    async with scene() as s:
        call, meeting = await s.join()
        await asyncio.gather(meeting.moderation(True), meeting.heartbeat(),
                             meeting.tell({"t": 9}), meeting.mute_request())
        await meeting.wait(lambda: meeting.heartbeats == 1 and
                           meeting.received(type="muteResponse"), 3)
        await s.hears_silence(meeting)
