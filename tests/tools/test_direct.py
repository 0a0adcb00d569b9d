"""The tools tried on each other: the phone calls the stand-in, with no
gateway between. What fails here is a fault of the tools."""
import asyncio
import contextlib

import numpy as np
import pytest

import audio
import sipmsg
import sipua
from call import Refused
from jigasi import Jigasi, Plan
from phone import Phone


@contextlib.asynccontextmanager
async def pair(codecs=("pcmu",), theirs=None, **kw):
    """A phone whose gateway is Jigasi itself."""
    async with Jigasi("x", ("127.0.0.1", 9), codecs=theirs or codecs) as j:
        server = ("127.0.0.1", j.endpoint.port)
        async with Phone(server=server, codecs=codecs, **kw) as p:
            j.endpoint.accept_from = {("127.0.0.1", p.endpoint.port)}
            yield p, j


async def up(p, j, number="room"):
    call = await p.call(number, [("X-Room-Name", number)])
    await call.wait_state("up")
    meeting = await j.next_call()
    await meeting.wait(lambda: "ACK received" in
                       [w for _, w in meeting.history], 5, "ACK")
    return call, meeting


@pytest.mark.parametrize("codec", ("pcmu", "pcma", "opus"))
async def test_voice_comes_back_from_the_echo(codec):
    async with pair((codec,)) as (p, j):
        call, meeting = await up(p, j)
        call.media.source = audio.tone(600)
        await call.media.until(call.media.flowing(75), 5, "75 packets")
        heard = call.media.heard()[-4000:]
        assert audio.tone_level(heard, 600) > -23
        stats = call.media.stats()
        assert (stats.lost, stats.breaks, stats.sources) == (0, 0, 1)
        assert meeting.media.codec.name.lower() == codec
        assert meeting.room == "room" and meeting.caller == "Test phone"
        await call.hang_up()
        await meeting.wait_state("ended")
        assert meeting.ended_by == "them" and meeting.end_reason is None


@pytest.mark.parametrize("how", ("rfc4733", "inband", "info"))
async def test_keys(how):
    async with pair() as (p, j):
        call, meeting = await up(p, j)
        await call.keys("15*#", how)
        if how == "rfc4733":
            assert meeting.media.keys_heard == list("15*#")
            assert meeting.media.stats().out_of_order == 0
        elif how == "info":
            assert [b[7:8] for k, b in meeting.infos
                    if k == "application/dtmf-relay"] == \
                [b"1", b"5", b"*", b"#"]
        else:
            heard = meeting.media.heard()
            for key in "15*#":
                row = next(r for r, k in zip(audio.ROWS, audio.KEYPAD)
                           if key in k)
                assert max(audio.tone_level(heard[i:i + 800], row) for i in
                           range(0, len(heard) - 800, 80)) > -16


async def test_refusals_and_cancel():
    async with pair() as (p, j):
        for status in (486, 480, 488):
            j.plan(Plan(status=status))
            call = await p.call("room")
            with pytest.raises(Refused) as e:
                await call.wait_state("up")
            assert e.value.status == status
        j.plan(Plan(on_demand=True))
        call = await p.call("room")
        await call.wait_state("ringing")
        await call.cancel()
        assert call.state == "ended" and call.responses[-1].status == 487
        j.plan(Plan(status=0, ring=False, deaf=True))
        p.endpoint.timeout = 1.2
        call = await p.call("room")
        await call.wait_state("ended")
        assert call.responses == []


async def test_a_200_after_cancel_is_acknowledged_and_ended():
    async with pair() as (p, j):
        j.plan(Plan(on_demand=True, race=True))
        call = await p.call("room")
        await call.wait_state("ringing")
        await call.cancel()
        meeting = j.calls[-1]
        await meeting.wait_state("ended")
        said = [w for _, w in meeting.history]
        assert "ACK received" in said and "BYE received" in said


async def test_no_common_codec_is_488():
    async with pair(("pcmu",), ("pcma",)) as (p, j):
        call = await p.call("room")
        with pytest.raises(Refused) as e:
            await call.wait_state("up")
        assert e.value.status == 488


async def test_hold_stops_and_unhold_resumes_the_far_side():
    async with pair() as (p, j):
        call, meeting = await up(p, j)
        await call.media.until(call.media.flowing(), 5)
        assert (await call.hold()).status == 200
        before = len(call.media.packets)
        await asyncio.sleep(0.3)  # nothing is the event awaited here
        assert len(call.media.packets) <= before + 2
        assert (await call.unhold()).status == 200
        await call.media.until(call.media.flowing(), 5, "audio after hold")
        assert call.media.stats().sources == 1


async def test_an_invite_without_an_offer():
    async with pair() as (p, j):
        call = await p.call("room", offer=False)
        await call.wait_state("up")
        await call.media.until(call.media.flowing(), 5, "audio")


async def test_strangers_get_no_answer_from_jigasi():
    async with pair() as (p, j):
        j.endpoint.accept_from = {("127.0.0.1", 1)}
        p.endpoint.timeout = 1
        call = await p.call("room")
        await call.wait_state("ended")
        assert j.calls == [] and j.endpoint.dropped


def registrar(challenges):
    """A registrar for one user, on an endpoint of its own."""
    e = sipua.Endpoint("127.0.0.1")

    def on_request(tx):
        m = tx.request
        given = m.get("Authorization")
        if given is None:
            challenges.append(m)
            tx.respond(401, "Unauthorized", [(
                "WWW-Authenticate", 'Digest realm="r", nonce="n", '
                'qop="auth", algorithm=MD5')])
            return
        got = sipmsg.challenge(given)
        wanted = sipmsg.challenge(sipmsg.digest(
            {"realm": "r", "nonce": "n", "qop": "auth"}, "jigasi", "pw",
            "REGISTER", m.uri, int(got["nc"], 16), got["cnonce"]))
        if got["response"] != wanted["response"]:
            tx.respond(403)
            return
        tx.respond(200, headers=[("Contact", m.get("Contact") +
                                  ";expires=2")])
    e.on_request = on_request
    return e


async def test_jigasi_registers_and_stays_registered():
    challenges = []
    e = registrar(challenges)
    await e.open()
    async with Jigasi("pw", ("127.0.0.1", e.port)) as j:
        r = await j.register()
        assert r.status == 200 and j.granted == 2
        assert challenges[0].get("Expires") == "600"
        await e.until(lambda: len(challenges) > 1, 4, "a refresh")
    e.close()


async def test_mute_as_jigasi_does_it():
    """A.7 and B.3 of the reference, as a table."""
    ask = {"type": "muteRequest", "id": "7", "data": {"audio": False}}
    rows = [  # translator, moderated, visitor -> status of the answer, hand
        (True, False, False, "OK", False),
        (False, False, False, None, False),
        (True, True, False, "FAILED", True),
        (False, True, False, "FAILED", True),
        (True, False, True, None, True)]
    async with pair() as (p, j):
        for translator, moderated, visitor, status, hand in rows:
            j.mixer = not translator
            call, meeting = await up(p, j)
            meeting.moderated, meeting.visitor = moderated, visitor
            await call.info(ask)
            if status:
                await call.wait(lambda: call.infos, 5, "an answer")
                assert f'"{status}"'.encode() in call.infos[0][1]
            # A second INFO orders the absence of an answer to the first.
            await call.info({"type": "muteResponse", "id": "8",
                             "status": "OK", "data": {"audio": True}})
            assert bool(call.infos) == bool(status)
            assert meeting.hand == hand and meeting.muted
            await call.hang_up()


async def test_lobby_password():
    async with pair() as (p, j):
        for given, admitted in (("1234", True), ("9", False)):
            call, meeting = await up(p, j)
            await meeting.lobby("1234")
            await call.info({"t": 4, "d": {"pwd": given}})
            if admitted:
                await call.wait(lambda: len(call.infos) == 2, 5, "t:5")
                assert call.infos[1][1] == b'{"i": 1, "t": 5}'
                await call.hang_up()
            else:
                await call.wait_state("ended")
                assert call.ended_by == "them"


async def test_bye_with_and_without_reason():
    async with pair() as (p, j):
        call, meeting = await up(p, j)
        await meeting.end_alone()
        await call.wait_state("ended")
        assert call.end_reason == \
            'SIP;cause=408;text="No invite from conference focus"'


async def test_gone_silent():
    async with pair() as (p, j):
        call, meeting = await up(p, j)
        await call.media.until(call.media.flowing(), 5)
        meeting.go_silent()
        with pytest.raises(sipua.Timeout):
            await call.request("OPTIONS", timeout=1)
        before = len(call.media.packets)
        with pytest.raises(TimeoutError):
            await call.media.until(lambda: len(call.media.packets) > before
                                   + 2, 0.3)


async def test_tcp():
    """A TCP phone against a bare TCP server made of the same parts."""
    got = asyncio.Queue()

    async def serve(reader, writer):
        data = await reader.readuntil(b"\r\n\r\n")
        m = sipmsg.parse(data)
        got.put_nowait(m)
        reply = sipmsg.Message(status=200, reason="OK")
        for n in ("Via", "From", "To", "Call-ID", "CSeq"):
            reply.add(n, m.get(n))
        text = reply.encode()
        writer.write(text[:40])     # in pieces, as TCP may
        await writer.drain()
        writer.write(text[40:])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with Phone(server=("127.0.0.1", port), transport="tcp") as p:
        r = await p.register()
        assert r.status == 200
        m = await got.get()
        assert m.get("Via").startswith("SIP/2.0/TCP")
        assert "transport=tcp" in m.get("Contact")
    server.close()


def test_g711_is_its_own_inverse():
    for c in (audio.PCMU, audio.PCMA):
        # Each code stands for itself; -0 of µ-law is heard as 0.
        codes = np.arange(256, dtype=np.uint8).tobytes()
        again = c.decode(c.encode(c.decode(codes)))
        assert (again == c.decode(codes)).all()
    # Values from ITU-T G.711 tables: full scale of each law.
    assert max(audio.PCMU.table) == 32124 and max(audio.PCMA.table) == 32256


def test_messages():
    m = sipmsg.parse(b"INVITE sip:a@b SIP/2.0\r\n"
                     b"v: SIP/2.0/UDP h;branch=z1\r\n"
                     b"f: \"A \\\"B\\\"\"  <sip:x@y>;tag=1\r\nt: <sip:a@b>\r\n"
                     b"i: 77\r\nCSeq: 5 INVITE\r\nSubject: one\r\n two\r\n"
                     b"l: 2\r\n\r\nhi there")
    assert m.branch == "z1" and m.cseq == (5, "INVITE") and m.body == b"hi"
    assert sipmsg.address(m.get("From")) == ('A "B"', "sip:x@y")
    assert m.get("Subject") == "one two" and m.tag("From") == "1"
    one, rest = sipmsg.split_stream(m.encode() + b"REST")
    assert one == m.encode() and rest == b"REST"
    # RFC 2617, section 3.5
    d = sipmsg.digest({"realm": "testrealm@host.com", "qop": "auth",
                       "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093"},
                      "Mufasa", "Circle Of Life", "GET", "/dir/index.html",
                      1, "0a4f113b")
    assert 'response="6629fae49393a05397450978507c4ef1"' in d
