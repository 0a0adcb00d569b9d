"""SIP over TLS, with phones that look at the certificate."""
import asyncio
import contextlib
import os
import shutil
import socket
import ssl

import pytest

from certificates import Authority
from e2e.baresip import Baresip
from e2e.scene import Scene
from jigasi import Plan

HOST = "sip.example.org"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tls_gateway(gateway_with, authority, tmp_path):
    authority.server(tmp_path / "tls", HOST)

    def make(**settings):
        return gateway_with(FREESWITCH_TLS_PORT="5061",
                            FREESWITCH_TLS_DIR=str(tmp_path / "tls"),
                            **settings)
    return make


def trusting(authority):
    return ssl.create_default_context(cafile=str(authority.root))


def phone(gateway, authority, name=HOST):
    return {"transport": "tls", "tls": (trusting(authority), name),
            "server": (gateway.external[0], 5061)}


async def test_a_call_over_tls(tls_gateway, authority, ear):
    gateway = tls_gateway()
    async with Scene(gateway, ear) as s:
        p = await s.add_phone(**phone(gateway, authority))
        assert (await p.register()).status == 200
        await s.stats(registrations=2)
        call, meeting = await s.in_meeting("room", phone=p)
        await s.hears_tone(meeting, 600)
        await call.keys("*6")
        await s.hears_silence(meeting)
        within = await call.request("OPTIONS")
        await meeting.hang_up()             # BYE toward the phone
        await call.wait_state("ended", 15)
        await s.stats(activeCalls=0)
        await p.register(0)
    assert f"source={p.endpoint.ip}:{p.endpoint.port}" in gateway.log()
    assert ";transport=tls>" in call.answer.get("Contact")
    for response in (call.answer, within):
        assert response.status == 200
        assert "127.0.0.1" not in response.get("Via")


async def test_a_call_over_tls_is_cancelled(tls_gateway, authority, ear):
    gateway = tls_gateway(JIGATE_ANSWER="on-join")
    async with Scene(gateway, ear) as s:
        s.jigasi.plan(Plan(on_demand=True))
        p = await s.add_phone(**phone(gateway, authority))
        call = await p.call("room")
        meeting = await s.jigasi.next_call(5)
        cancelled = await call.cancel()
        assert cancelled.status == 200
        await meeting.wait(lambda: meeting.state == "ended")
        await s.stats(activeCalls=0)
    for response in (cancelled, call.responses[-1]):
        assert "127.0.0.1" not in response.get("Via")


async def test_a_phone_that_expects_another_name_goes_away(
        tls_gateway, authority, ear):
    gateway = tls_gateway()
    async with Scene(gateway, ear) as s:
        p = await s.add_phone(**phone(gateway, authority, "other.example"))
        with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
            await p.register()


def connect(gateway, authority, name):
    with socket.create_connection((gateway.external[0], 5061), 5) as s, \
            trusting(authority).wrap_socket(s, server_hostname=name) as t:
        return t.version()


async def test_the_chain_is_sent(tls_gateway, authority):
    gateway = tls_gateway()
    assert await asyncio.to_thread(
        connect, gateway, authority, HOST) == "TLSv1.3"


async def test_a_renewed_certificate_is_taken(tls_gateway, authority,
                                              tmp_path):
    gateway = tls_gateway()
    authority.server(tmp_path / "tls", "renewed.example.org")
    assert await asyncio.to_thread(connect, gateway, authority,
                                   "renewed.example.org")
    # One that cannot be used leaves the last one in force.
    gateway.expect_error("cannot use .*agent.pem")
    (tmp_path / "tls/agent.pem").write_text("nonsense")
    os.utime(tmp_path / "tls/agent.pem", (1, 1))
    assert await asyncio.to_thread(connect, gateway, authority,
                                   "renewed.example.org")


async def test_old_tls_and_no_tls_are_refused(tls_gateway, ear, authority):
    gateway = tls_gateway()
    old = trusting(authority)
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1

    def connect():
        with socket.create_connection((gateway.external[0], 5061), 5) as s:
            old.wrap_socket(s, server_hostname=HOST)

    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        await asyncio.to_thread(connect)
    reader, writer = await asyncio.open_connection(gateway.external[0], 5061)
    writer.write(b"OPTIONS sip:room@meet.jitsi SIP/2.0\r\n\r\n")
    with contextlib.suppress(ConnectionResetError):
        assert b"SIP/2.0" not in await asyncio.wait_for(reader.read(), 10)
    writer.close()
    async with Scene(gateway, ear) as s:  # and all is well
        p = await s.add_phone(**phone(gateway, authority))
        assert (await p.register()).status == 200
        await p.register(0)


async def open_idle(gateway):
    return [await asyncio.open_connection(gateway.external[0], 5061,
                                          local_addr=("127.0.0.9", 0))
            for _ in range(40)]


async def test_idle_handshakes_do_not_keep_others_out(tls_gateway, ear,
                                                      authority):
    gateway = tls_gateway()
    idle = await open_idle(gateway)
    async with Scene(gateway, ear) as s:
        p = await s.add_phone(**phone(gateway, authority))
        assert (await p.register()).status == 200
        await p.register(0)
    for _, writer in idle:
        writer.close()


async def test_idle_handshakes_end_soon(tls_gateway):
    gateway = tls_gateway()
    idle = await open_idle(gateway)
    ends = await asyncio.wait_for(asyncio.gather(
        *(reader.read() for reader, _ in idle), return_exceptions=True), 15)
    assert len(ends) == 40
    for _, writer in idle:
        writer.close()
    assert "too many handshakes at a time" in gateway.log()
    # One line a second at most: the connects took no ten seconds.
    assert gateway.log().count("TLS connection refused") < 10


async def test_idle_connections_give_way_to_others(tls_gateway, ear,
                                                   authority):
    """Of one address no more than 256 are taken; a phone that registered
    keeps its own, and is reached on it."""
    gateway = tls_gateway()
    context = trusting(authority)

    def crowd():
        return [context.wrap_socket(
            socket.create_connection((gateway.external[0], 5061), 5,
                                     (gateway.external[0], 0)),
            server_hostname=HOST) for _ in range(300)]

    async with Scene(gateway, ear) as s:
        first = await s.add_phone(**phone(gateway, authority),
                                  ip=gateway.external[0])
        assert (await first.register()).status == 200
        idle = await asyncio.to_thread(crowd)
        late = await s.add_phone(**phone(gateway, authority),
                                 ip=gateway.external[0])
        call, meeting = await s.in_meeting("room", phone=late)
        await call.hang_up()
        dialled = await s.jigasi.call(gateway.user)
        ring = await asyncio.wait_for(first.incoming.get(), 5)
        ring.pick_up()
        await dialled.wait_state("up")
        await dialled.hang_up()
        await first.register(0)
        for i in idle:
            i.close()
    assert "too many connections" not in gateway.log()


async def dribble(reader, writer, what, pause):
    """Seconds until the far side hangs up on what is sent so."""
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def send():
        for piece in what:
            writer.write(piece)
            await asyncio.sleep(pause)

    sender = asyncio.create_task(send())
    with contextlib.suppress(ConnectionResetError):
        while await reader.read(100):
            pass
    sender.cancel()
    writer.close()
    return loop.time() - begun


async def test_a_message_without_an_end_is_cut(tls_gateway, authority, ear):
    """… and neither a ping nor a call beside it."""
    gateway = tls_gateway()
    ip, port = gateway.external
    message = [bytes([b]) for b in b"OPTIONS sip:x@meet.jitsi SIP/2.0\r\nX: "]
    message += [b"x"] * 60
    plain = await asyncio.open_connection(ip, port)
    secret = await asyncio.open_connection(
        ip, 5061, ssl=trusting(authority), server_hostname=HOST)
    pings = [await asyncio.open_connection(ip, port) for _ in range(2)]
    async with Scene(gateway, ear) as s:
        p = await s.add_phone(transport="tcp")
        call, meeting = await s.in_meeting("room", phone=p)
        cut = [asyncio.create_task(dribble(*c, message, 0.7))
               for c in (plain, secret)]
        kept = [asyncio.create_task(dribble(*c, [ping] * 20, 5))
                for c, ping in zip(pings, (b"\r\n\r\n", b"\r\n"))]
        for seconds in await asyncio.wait_for(asyncio.gather(*cut), 50):
            assert 31 < seconds < 38
        await asyncio.sleep(3)
        assert not any(k.done() for k in kept)
        await s.hears_tone(meeting, 600)
        await call.hang_up()
        for k in kept:
            k.cancel()
    assert "a message took longer than 32 s" in gateway.log()


@pytest.mark.skipif(not shutil.which("baresip"), reason="no baresip here")
async def test_baresip_over_tls_with_srtp(tls_gateway, ear, authority,
                                          tmp_path):
    gateway = tls_gateway()
    account = (gateway.user, gateway.password,
               (gateway.external[0], "5061;transport=tls"))
    async with Scene(gateway, ear) as s, Baresip(
            tmp_path / "baresip", gateway, modules=["srtp"],
            options=";mediaenc=srtp-mand", account=account) as b:
        await s.stats(registrations=2, timeout=10)
        b.type("/dial 1000\n")
        await b.says("Call established", 15)
        await b.hears(ear, "enter-id")
        b.type("4711#")
        meeting = await s.jigasi.next_call(10)
        await s.hears_tone(meeting, 600)
        await meeting.hang_up()
        await b.says("terminated", 15)
        await s.stats(activeCalls=0)
        assert "SRTP is Enabled" in b.text
