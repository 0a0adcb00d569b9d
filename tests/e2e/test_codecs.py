"""Phones and Jigasi that do not speak the same codec."""
import asyncio

import pytest

import audio
from jigasi import Plan


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
        assert meeting.media.stats().largest_gap_ms < 200


async def test_keys_as_tones(scene):
    async with scene(codecs=("opus",)) as s:
        call, meeting = await s.in_meeting(events=False)
        await call.keys("*6", "inband")
        await s.hears(call, "muted")
