"""Audio and keys, as the profiles are set."""
import asyncio
import re
import urllib.parse

import pytest

import audio
from freeswitch.calls import nobody_left, phone, uuids


async def answered(server, p, number="room", media_timeout=None, **options):
    await nobody_left(server)
    call = await p.call(number, **options)
    for _ in range(50):
        if uuids(server):
            break
        await asyncio.sleep(0.1)
    [uuid] = uuids(server)
    assert server.api(f"uuid_getvar {uuid} media_timeout") == "7200000"
    if media_timeout:
        server.api(f"uuid_setvar {uuid} media_timeout {media_timeout}")
    assert server.api(f"uuid_answer {uuid}") == "+OK"
    await call.wait_state("up", 5)
    return call, uuid


@pytest.mark.parametrize("codec,name", [
    ("opus", "OPUS"), ("pcmu", "PCMU"), ("pcma", "PCMA")])
async def test_the_phones_codec(server, codec, name):
    async with phone(server, codecs=(codec,)) as p:
        call, uuid = await answered(server, p)
        assert server.api(f"uuid_getvar {uuid} read_codec").upper() == name
        await call.hang_up()
        await nobody_left(server)


async def test_a_phone_that_sends_nothing_hears_all_the_same(server):
    async with phone(server) as p:
        call, uuid = await answered(server, p)
        call.media.source = None
        server.api(f"uuid_broadcast {uuid} tone_stream://%(4000,0,440) aleg")
        start = call.media.mark()
        await asyncio.sleep(1.5)
        heard = call.media.heard(start)
        assert audio.tone_level(heard[-4000:], 440) > -30
        await call.hang_up()
        await nobody_left(server)


async def test_a_vanished_phone_is_hung_up(server_with):
    s = server_with()
    async with phone(s) as p:
        call, uuid = await answered(s, p, media_timeout=2000)
        call.media.source = audio.silence()
        await asyncio.sleep(3)
        assert call.state == "up"
        call.media.close()
        await call.wait_state("ended", 6)


# In application/dtmf FreeSWITCH reads the numbers of RFC 4733: no * there.
@pytest.mark.parametrize("means,keys", [
    ("rfc4733", "*6#"), ("info", "*6#"), ("info-dtmf", "26")])
async def test_keys(server, means, keys):
    async with phone(server) as p:
        call, uuid = await answered(server, p)
        call.media.source = audio.silence()
        with server.esl() as e:
            e.ask("event plain DTMF")
            await asyncio.sleep(0.3)
            await call.keys(keys, means)
            await asyncio.sleep(0.5)
            digits = [re.search(r"^DTMF-Digit: (.*)$", f[1], re.M).group(1)
                      for f in iter(lambda: e.frame_within(0.5), None)]
        assert urllib.parse.unquote("".join(digits)) == keys
        await call.hang_up()
        await nobody_left(server)
