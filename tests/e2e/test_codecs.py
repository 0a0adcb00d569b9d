"""Phones and Jigasi that do not speak the same codec."""
import asyncio
import signal

import numpy as np
import pytest

import audio
from e2e.scene import Scene


def whole(stats, sources=1):
    """Nothing lost, one source, and no gap that could be heard."""
    assert (stats.lost, stats.sources, stats.breaks) == (0, sources, 0), stats


async def both_ways(s, call, meeting):
    """Each hears the other: the phone its own echo, Jigasi the phone."""
    await s.hears_tone(call, 600)
    await s.hears_tone(meeting, 600)


@pytest.mark.parametrize("phone,jigasi,spoken", [
    (("pcmu",), ("opus",), ("PCMU", "opus")),
    (("pcma",), ("opus",), ("PCMA", "opus")),
    (("opus",), ("pcmu",), ("opus", "PCMU")),
    (("opus",), ("pcma",), ("opus", "PCMA")),
    (("g722",), ("opus",), ("G722", "opus")),
    (("g722",), ("pcmu",), ("G722", "PCMU")),
])
async def test_audio_is_encoded_anew(scene, phone, jigasi, spoken):
    async with scene(codecs=jigasi) as s:
        call, meeting = await s.in_meeting(codecs=phone)
        assert (call.media.codec.name, meeting.media.codec.name) == spoken
        await both_ways(s, call, meeting)
        whole(meeting.media.stats())
        whole(call.media.stats())


async def test_one_codec_is_passed_through(scene, gateway):
    async with scene() as s:
        call, meeting = await s.in_meeting(codecs=("pcma", "pcmu"))
        assert meeting.media.codec.name == "PCMA"
        assert meeting.remote_sdp.names[:2] == ["pcma", "opus"]
        await both_ways(s, call, meeting)


@pytest.mark.parametrize("ms", [10, 30, 40, 60])
async def test_a_phone_with_longer_or_shorter_packets(scene, ms):
    async with scene(codecs=("opus",)) as s:
        call, meeting = await s.in_meeting(ptimes=(ms, ms))
        await both_ways(s, call, meeting)
        whole(meeting.media.stats(10))
        heard = call.media.stats()
        assert (heard.lost, heard.sources) == (0, 1)


@pytest.mark.parametrize("phone,jigasi", [
    ((10, 10), (20, 20)), ((30, 30), (20, 20)),
    ((20, 60), (40, 20)), ((60, 20), (20, 40)), ((40, 60), (60, 20))])
async def test_packets_as_long_as_wished(scene, phone, jigasi):
    """Milliseconds in a packet sent and in one wished, of each side."""
    async with scene(codecs=("opus",), ptimes=jigasi) as s:
        call, meeting = await s.in_meeting(ptimes=phone)
        assert call.remote_sdp.ptime == phone[1]
        await both_ways(s, call, meeting)
        whole(meeting.media.stats(10))
        # of the prompt before the meeting, packets were shorter in Opus
        packets = len(call.media.packets)
        await asyncio.sleep(1.2)
        assert (len(call.media.packets) - packets) * phone[1] in \
            range(1080, 1400)
        whole(call.media.stats(packets))


async def test_a_phone_changes_its_codec(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting(codecs=("pcmu", "g722"))
        assert call.media.codec.name == "PCMU"
        await both_ways(s, call, meeting)
        call.codecs.reverse()
        call.codecs.pop()
        assert (await call.reinvite()).status == 200
        assert call.media.codec.name == "G722"
        await both_ways(s, call, meeting)


async def test_jigasi_codecs_by_setting(gateway_with, ear):
    g = gateway_with(JIGATE_JIGASI_CODECS="opus,pcmu")
    async with Scene(g, ear) as s:
        call, meeting = await s.in_meeting(codecs=("pcmu", "g722"))
        assert meeting.remote_sdp.names[:2] == ["opus", "pcmu"]
        assert call.media.codec.name == "PCMU"
        assert meeting.media.codec.name == "opus"
        await both_ways(s, call, meeting)


@pytest.mark.parametrize("codecs", [("pcmu",), ("opus",), ("g722",)])
async def test_a_prompt_over_the_meeting(gateway_with, ear, codecs):
    """The meeting is heard under the prompt, lowered, and again after it."""
    g = gateway_with(JIGATE_PROMPT_MIX="duck")
    async with Scene(g, ear) as s:
        call, meeting = await s.join(codecs=codecs, say=0)
        meeting.media.source = audio.tone(600)
        await asyncio.sleep(4)  # the first prompt is behind us
        before = audio.tone_level(call.media.heard(call.media.mark() - 4000),
                                  600)
        start = call.media.mark()
        await call.keys("*0")
        await asyncio.sleep(3)
        during = call.media.heard(start)
        levels = [audio.tone_level(during[i:i + 1600], 600) - before
                  for i in range(0, len(during) - 1600, 800)]
        assert sum(-19 < x < -11 for x in levels) >= 5, levels
        assert audio.level(during) > -30, "a prompt"
        after = audio.tone_level(call.media.heard(call.media.mark() - 4000),
                                 600)
        assert abs(after - before) < 1.5
        stats = call.media.stats()
        assert (stats.lost, stats.sources, stats.breaks) == (0, 1, 0), stats


@pytest.mark.parametrize("jigasi", ["pcmu", "opus"])
async def test_late_packets_are_no_bang(scene, jigasi):
    """Where one end of G.722 is set up anew the other makes noise of it."""
    async with scene(codecs=(jigasi,)) as s:
        call, meeting = await s.in_meeting(codecs=("g722",))
        await both_ways(s, call, meeting)
        starts = call.media.mark(), meeting.media.mark()
        await call.keys("*0")
        for _ in range(8):
            await asyncio.sleep(0.25)
            meeting.media.sending = False
            await asyncio.sleep(0.1)
            meeting.media.sending = True
        await asyncio.sleep(0.25)
        for media, start in zip((call.media, meeting.media), starts):
            loudest = np.abs(media.heard(start).astype(int)).max()
            assert 3000 < loudest < 15000


async def test_a_stall_of_the_machine_is_made_up_for(scene):
    """Nothing of what was said while the program stood still is missing."""
    async with scene(codecs=("opus",)) as s:
        call, meeting = await s.in_meeting()
        await both_ways(s, call, meeting)
        media, program = meeting.media, s.gateway.process
        await asyncio.sleep(1)  # what was unsteady at the begin is behind us
        start, first = media.mark(), len(media.packets)
        for _ in range(3):
            program.send_signal(signal.SIGSTOP)
            await asyncio.sleep(0.2)
            program.send_signal(signal.SIGCONT)
            await asyncio.sleep(0.5)
        heard = media.heard(start)
        levels = [audio.tone_level(heard[i:i + 400], 600)
                  for i in range(0, len(heard) - 400, 400)]
        assert len(levels) > 35 and max(levels) - min(levels) < 3, levels
        stats = media.stats(first)
        assert (stats.lost, stats.breaks) == (0, 0), stats


async def test_hold_mute_and_keys(scene):
    async with scene(codecs=("opus",)) as s:
        call, meeting = await s.in_meeting()
        await both_ways(s, call, meeting)
        assert (await call.hold()).status == 200
        await s.hears_nothing(call)
        assert (await call.unhold()).status == 200
        await both_ways(s, call, meeting)
        await call.keys("*6")
        await s.hears(call, "muted")
        await s.hears_silence(meeting)
        await call.keys("*6")
        await s.hears(call, "unmuted")
        await both_ways(s, call, meeting)
        assert meeting.media.keys_heard == [], "keys are the gateway's"
        whole(meeting.media.stats())
        assert meeting.media.stats().largest_gap_ms < 1000


async def test_keys_as_tones(scene):
    async with scene(codecs=("opus",)) as s:
        call, meeting = await s.in_meeting(events=False)
        await call.keys("*6", "inband")
        await s.hears(call, "muted")
