"""INFO bodies that no Jigasi should send: wrong type, depth, size, bytes."""
import asyncio
import json
import random

import pytest

from e2e.conftest import scene  # noqa: F401

DEEP = 2000
BODIES = {
    "not JSON": "mute him",
    "nothing": "",
    "a NUL": "\0",
    "cut off": '{"t":3',
    "after the end": '{"t":3}{"t":7}',
    "an array": '[{"t":7}]',
    "a number": "7",
    "a text": '"t7"',
    "null": "null",
    "deep arrays": "[" * DEEP + "]" * DEEP,
    "deep objects": '{"d":' * DEEP + "1" + "}" * DEEP,
    "deep and cut off": '{"t":' + "[" * DEEP,
    "t a text": '{"t":"7"}',
    "t a float": '{"t":7.0}',
    "t huge": '{"t":99999999999999999999999999}',
    "t negative": '{"t":-7}',
    "t an object": '{"t":{"t":7}}',
    "t unknown": '{"t":4711}',
    "t twice": '{"t":11,"t":7}',
    "t 4, which only we send": '{"t":4,"d":{"pwd":"1"}}',
    "t 7 with a NUL in its name": '{"t\\u0000":7}',
    "t 8 without d": '{"t":8}',
    "t 8 with a number": '{"t":8,"d":1}',
    "t 12 as the original had it": '{"t":12}',
    "t 14 with controls": '{"t":14,"d":"\\u0000\\r\\nBYE"}',
    "type a number": '{"type":7,"id":"x"}',
    "type unknown": '{"type":"selfDestruct","id":"x"}',
    "mute without id": '{"type":"muteRequest","data":{"audio":true}}',
    "mute without data": '{"type":"muteRequest","id":"x"}',
    "mute with a text": '{"type":"muteRequest","id":"x",'
                        '"data":{"audio":"true"}}',
    "mute, id of 70 kB": '{"type":"muteRequest","id":"' + "x" * 60000 +
                         '","data":{"audio":true}}',
    "mute, id with controls": '{"type":"muteRequest","id":"a\\r\\nb\\u0000",'
                              '"data":{"audio":true}}',
    "mute, id no text": '{"type":"muteRequest","id":{},'
                        '"data":{"audio":true}}',
    "response without status": '{"type":"muteResponse","id":"x",'
                               '"data":{"audio":true}}',
    "response nobody asked for": '{"type":"muteResponse","id":"x",'
                                 '"status":"FAILED","data":{"audio":false}}',
    "half a surrogate": '{"type":"\\ud800","t":3}',
    "many members": "{" + ",".join(f'"a{i}":{i}' for i in range(2000)) + "}",
    "a long text": '{"t":8,"d":"' + "d" * 15000 + '"}',
}
BYTES = {
    "overlong UTF-8": b'{"t":14,"d":"\xc0\xaf"}',
    "broken UTF-8": b'{"\xff\xfe":1}',
    "UTF-16": '{"t":7}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"t":7}',
}


async def unhurt(call, meeting):
    """The call goes on, and still does what it is told."""
    assert call.state == meeting.state == "up"
    ident = await meeting.mute_request()
    await meeting.wait(lambda: meeting.received(
        type="muteResponse", id=ident, status="OK"), 4, "muteResponse")
    n = meeting.heartbeats
    await meeting.heartbeat()
    await meeting.wait(lambda: meeting.heartbeats > n, 4, "heartbeat answer")


async def send(meeting, body):
    """An INFO as it is; the gateway must answer, whatever it thinks."""
    if isinstance(body, str):
        body = body.encode()
    r = await meeting.request("INFO", body, "application/json", timeout=5)
    assert r.status in (200, 400, 413, 415, 513), r


async def test_bad_bodies_change_nothing(scene, well):  # noqa: F811
    async with scene() as s:
        call, meeting = await s.join("torture-info")
        await asyncio.sleep(0.3)
        for name, body in {**BODIES, **BYTES}.items():
            before = len(meeting.received(type="muteResponse"))
            await send(meeting, body)
            assert call.state == meeting.state == "up", name
            if name.startswith("mute"):
                await asyncio.sleep(0.1)
                assert len(meeting.received(type="muteResponse")) == before, \
                    name
        await unhurt(call, meeting)
        assert not meeting.in_lobby
        log = s.gateway.log_path.read_bytes()
        assert b"\nBYE" not in log and b"\0" not in log
        await call.hang_up()
    well(s.gateway)


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-" + "y" *
                                  200, "application/json; charset=latin-1",
                                  "application/dtmf-relay",
                                  "multipart/mixed;boundary=json"])
async def test_other_content_types(scene, kind):  # noqa: F811
    async with scene() as s:
        call, meeting = await s.join("torture-type")
        r = await meeting.request("INFO", b"Signal=\r\nDuration=-1\r\n",
                                  kind or None, timeout=5)
        assert 200 <= r.status < 600
        await unhurt(call, meeting)
        await call.hang_up()


def mutations(count, seed):
    """The same damaged messages in every run."""
    dice = random.Random(seed)
    good = [{"t": 11}, {"i": 1, "t": 9}, {"t": 8, "d": False},
            {"type": "muteResponse", "id": "x", "status": "OK",
             "data": {"audio": False}}]
    for _ in range(count):
        data = bytearray(json.dumps(dice.choice(good)).encode())
        for _ in range(dice.randint(1, 5)):
            at = dice.randrange(len(data))
            what = dice.randrange(3)
            if what == 0:
                data[at] = dice.randrange(256)
            elif what == 1:
                del data[at]
            else:
                data[at:at] = data[dice.randrange(len(data)):][:8]
        yield bytes(data)


async def test_a_flood_of_damaged_bodies(scene, well):  # noqa: F811
    async with scene() as s:
        call, meeting = await s.join("torture-flood")
        await asyncio.sleep(0.3)
        for body in mutations(400, seed=6086):
            await send(meeting, body)
        await unhurt(call, meeting)
        lines = [line for line in s.gateway.log().splitlines()
                 if " warn " in line and "INFO" in line]
        assert len(lines) < 50, "a line for each bad message floods the log"
        await call.hang_up()
    well(s.gateway)
