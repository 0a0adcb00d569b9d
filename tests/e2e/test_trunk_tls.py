"""The trunk over TLS: whom it is registered at is looked at, all goes over
one connection, and that is opened anew when it breaks."""
import asyncio
import re
import ssl
import time

import pytest

import audio
import call
import sipmsg
from certificates import Authority
from e2e.scene import Scene
from e2e.test_trunk import start, told
from phone import Phone
from trunk import Trunk


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trunk_with(gateway_with, authority, tmp_path):
    """Makes (gateway, trunk), neither started; the trunk's name leads to
    127.0.0.1, and its certificate is for that name unless told otherwise."""
    def make(certificate=None, settings=(), ip="127.0.0.1", **trunk):
        authority.server(tmp_path / "trunk", **{
            "host": "localhost", **(certificate or {})})
        serve = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        serve.load_cert_chain(tmp_path / "trunk" / "agent.pem")
        t = Trunk(ip, port=0, transport="tls", serve=serve, **trunk)
        t.names = []              # that were asked for (SNI)
        serve.sni_callback = lambda _, name, __: t.names.append(name)
        g = gateway_with(run=False)
        g.settings.update({
            "SIPGW_SIP_SERVER": "localhost", "SIPGW_SIP_TRANSPORT": "tls",
            "SIPGW_SIP_CA_FILE": str(authority.root),
            "SIPGW_SIP_DOMAIN": t.domain, "SIPGW_SIP_USERNAME": t.user,
            "SIPGW_SIP_PASSWORD": t.password,
            "JIGATE_DIALOUT_ALLOW": "+49", **dict(settings)})
        return g, t
    return make


async def registers(g, t):
    """Start the gateway; the port is known once the trunk listens."""
    g.settings["SIPGW_SIP_PORT"] = str(t.endpoint.port)
    await start(g)
    return await t.registered()


async def dialled(s, t):
    """The meeting's call and that of the telephone it reached."""
    out = await s.jigasi.call("+4930123")
    telephone = await t.next_call()
    await out.wait_state("up")
    return out, telephone


async def test_it_registers_and_is_called_over_one_connection(trunk_with,
                                                              ear):
    g, t = trunk_with()
    async with t:
        uri = await registers(g, t)
        assert t.names == ["localhost"]
        source, = t.endpoint.connections
        assert source[0] == g.external[0]
        assert uri.endswith(f"@{source[0]}:{source[1]};transport=tls")
        m = t.registers[0]
        assert m.get("Via").startswith(
            f"SIP/2.0/TLS {source[0]}:{source[1]};")
        await told(g, r"info .*trunk registered: acct@provider.example at "
                   rf"127.0.0.1:{t.endpoint.port}, for 60 s")
        async with Scene(g, ear) as s:
            call = await t.call()
            await call.wait_state("up")
            await s.hears(call, "enter-id")
            await call.keys("4711#")
            meeting = await s.jigasi.next_call(5)
            await s.hears(call, "in-conference")
            await meeting.hang_up()              # BYE toward the trunk
            await call.wait_state("ended", 15)
            assert call.ended_by == "them"
            call = await t.call()
            await call.wait_state("up")
            await call.hang_up()                 # BYE from it
        assert t.endpoint.connections == [source]
        await asyncio.get_running_loop().run_in_executor(None, g.stop)
        assert t.contact is None and t.registers[-1].get("Expires") == "0"


async def test_over_ipv6(trunk_with, ear):
    g, t = trunk_with({"names": ["IP:::1"]}, ip="::1", settings={
        "SIPGW_SIP_SERVER": "::1", "FREESWITCH_EXTERNAL_IP": "::1",
        "FREESWITCH_EXTERNAL_EXT_IP": "::1"})
    async with t:
        uri = await registers(g, t)
        source, = t.endpoint.connections
        assert uri.endswith(f"@[::1]:{source[1]};transport=tls")
        async with Scene(g, ear) as s:
            out = await s.jigasi.call("+4930123")
            telephone = await t.next_call()
            telephone.media.source = audio.tone(600)
            await out.wait_state("up")
            await s.hears_tone(out, 600)
            await out.hang_up()
            await telephone.wait_state("ended", 15)


async def test_a_meeting_dials_out_over_it(trunk_with, ear):
    g, t = trunk_with()
    t.challenged = ("BYE",)
    async with t:
        await registers(g, t)
        async with Scene(g, ear) as s:
            call = await s.jigasi.call("+4930123")
            call.media.source = audio.tone(800)
            telephone = await t.next_call()
            assert "a=crypto:" in telephone.invite.body.decode()
            telephone.media.source = audio.tone(600)
            await call.wait_state("up")
            await s.hears_tone(call, 600)
            await s.hears(telephone, "in-conference")
            await call.hang_up()
            await telephone.wait_state("ended", 5)
            call = await s.jigasi.call("+4930124")
            telephone = await t.next_call()
            await call.wait_state("up")
            await telephone.hang_up()
            await call.wait_state("ended")
        assert len(t.endpoint.connections) == 1


async def test_jigasi_gives_up_while_the_telephone_rings(trunk_with, ear):
    g, t = trunk_with()
    t.plans.append(lambda c: c.ring(180))
    async with t:
        await registers(g, t)
        async with Scene(g, ear) as s:
            call = await s.jigasi.call("+4930123")
            await call.wait_state("ringing")
            telephone = await t.next_call()
            await call.cancel()
            await telephone.wait(lambda: telephone.state == "ended")
            assert "CANCEL received" in [w for _, w in telephone.history]


# ---- who is not it ----

WRONG = {
    "another name": (
        {"names": ["DNS:a.example", "DNS:b.example"]}, {},
        r"its certificate is for another name \(a.example, b.example\); set "
        r"SIPGW_SIP_SERVER to a name that it is for"),
    "an address": (
        {}, {"SIPGW_SIP_SERVER": "127.0.0.1"},
        r"its certificate is for another name \(localhost\)"),
    "another address": (
        {"names": ["IP:192.0.2.7", "IP:2001:db8::7"]},
        {"SIPGW_SIP_SERVER": "127.0.0.1"},
        r"its certificate is for another name \(192.0.2.7, 2001:db8::7\)"),
    "expired": (
        {"days": -1}, {},
        "its certificate, or one of the chain, has expired; the other side "
        "has to renew it"),
    "no chain": (
        {"chain": False}, {}, "or it does not send the whole chain; put the "
        "CA's certificate into SIPGW_SIP_CA_FILE"),
    "unknown CA": (
        {}, {"SIPGW_SIP_CA_FILE": ""},
        "its certificate is of a CA that is not trusted here.* put the CA's "
        "certificate into SIPGW_SIP_CA_FILE"),
}


@pytest.mark.parametrize("case", WRONG)
async def test_who_has_a_wrong_certificate_gets_nothing(trunk_with, case):
    certificate, settings, text = WRONG[case]
    g, t = trunk_with(certificate, settings)
    async with t:
        g.settings["SIPGW_SIP_PORT"] = str(t.endpoint.port)
        await start(g)
        server = g.settings["SIPGW_SIP_SERVER"]
        await told(g, f"warn .*trunk not registered: no TLS with {server} at "
                   f"127.0.0.1:{t.endpoint.port}: .*{text}")
        assert t.registers == []
        assert g.get("/ready")[0] == 200


async def test_an_address_may_be_what_the_certificate_is_for(trunk_with):
    g, t = trunk_with({"names": ["IP:127.0.0.1"]},
                      {"SIPGW_SIP_SERVER": "127.0.0.1"})
    async with t:
        await registers(g, t)
        assert t.names == [None]  # an address is not asked for


async def test_where_no_tls_is_spoken(trunk_with):
    g, t = trunk_with()
    async with t, Phone(ip=g.host()) as other:
        server = await asyncio.start_server(
            lambda r, w: w.write(b"SIP/2.0 400 What?\r\n\r\n"), "127.0.0.1")
        g.settings["SIPGW_SIP_PORT"] = str(
            server.sockets[0].getsockname()[1])
        await start(g)
        await told(g, "trunk not registered: no TLS with localhost at .*no "
                   "TLS handshake: wrong version number; is TLS spoken")
        server.close()
        # … and where nobody is at all: told once more, for it is news.
        await told(g, "trunk not registered: no TLS with localhost at .*"
                   "Connection refused", 15)
        assert other


async def test_a_ca_file_that_is_none_is_told(trunk_with, tmp_path):
    (tmp_path / "ca.pem").write_text("nonsense")
    g, t = trunk_with(settings={"SIPGW_SIP_CA_FILE": tmp_path / "ca.pem"})
    async with t:
        g.settings["SIPGW_SIP_PORT"] = str(t.endpoint.port)
        await start(g)
        await told(g, "trunk not registered: .*SIPGW_SIP_CA_FILE=.*ca.pem "
                   "cannot be used")


async def test_a_call_from_beside_the_connection_is_challenged(trunk_with):
    """Same address, right user, but not over our connection."""
    g, t = trunk_with()
    async with t, Phone(ip="127.0.0.1", server=g.external) as stranger:
        uri = await registers(g, t)
        user = sipmsg.uri_parts(uri)[0]
        call = await stranger.call(
            "x", uri=f"sip:{user}@{g.external[0]}:{g.external[1]}")
        await call.wait(lambda: call.state == "ended")
        assert call.responses[-1].status == 401
        assert "offered" not in g.log()


async def test_no_phone_can_register_through_the_trunk(trunk_with):
    g, t = trunk_with()
    async with t:
        await registers(g, t)
        source, = t.endpoint.connections
        m = sipmsg.Message("REGISTER", "sip:meet.jitsi")
        m.add("From", "<sip:user@meet.jitsi>;tag=1")
        m.add("To", "<sip:user@meet.jitsi>").add("Call-ID", sipmsg.token(8))
        m.add("CSeq", "1 REGISTER").add("Contact", "<sip:a@192.0.2.1>")
        assert (await t.endpoint.request(m, source)).status == 403


# ---- when it breaks ----

@pytest.mark.parametrize("allow", (call.ALLOW, "INVITE, ACK, BYE"))
async def test_a_cut_is_healed_and_calls_go_on(trunk_with, ear, monkeypatch,
                                               allow):
    """allow: our new place is told by UPDATE, or else by a re-INVITE."""
    monkeypatch.setattr(call, "ALLOW", allow)
    g, t = trunk_with()
    async with t:
        old = await registers(g, t)
        async with Scene(g, ear) as s:
            staying = await t.call()
            await staying.wait_state("up")
            await s.hears(staying, "enter-id")
            out, telephone = await dialled(s, t)
            t.contact = None
            t.endpoint.cut()
            await told(g, "trunk not registered: no TLS with localhost at "
                       r"127.0.0.1:\d+: the connection ended")
            new = await t.registered(5)
            assert new != old
            # The way that is gone is taken back.
            assert t.registers[-1].getall("Contact") == [
                f"<{new}>", f"<{old}>;expires=0"]
            await told(g, "(?s)trunk registered.*trunk registered")
            # Both calls are still there, their far sides know where we are
            # now, and they end over the new connection.
            port = sipmsg.uri_parts(new)[2]
            for one in (staying, telephone):
                await one.wait(lambda c=one:
                               sipmsg.uri_parts(c.target)[2] == port)
                assert one.requests[-1].method == \
                    ("UPDATE" if "UPDATE" in allow else "INVITE")
            staying.dest = telephone.dest = t.endpoint.connections[0]
            await staying.hang_up()
            await out.hang_up()
            await telephone.wait_state("ended", 10)
            again = await t.call()
            await again.wait_state("up")
            await again.hang_up()
            await s.stats(activeCalls=0)


async def test_a_trunk_that_hangs_up_at_once_is_not_hammered(trunk_with):
    g, t = trunk_with()
    async with t:
        await registers(g, t)
        for at_least in (1.5, 3):   # 2 s, 4 s, less a quarter
            t.contact, cut_at = None, time.monotonic()
            t.endpoint.cut()
            await t.registered(20)
            assert time.monotonic() - cut_at > at_least


async def test_a_bye_waits_for_the_connection(trunk_with, ear):
    """A call nobody ends over there would cost."""
    g, t = trunk_with()
    async with t:
        await registers(g, t)
        async with Scene(g, ear) as s:
            out, telephone = await dialled(s, t)
            port, t.contact = t.endpoint.port, None
            t.endpoint.stop_serving()
            t.endpoint.cut()
            await told(g, "Connection refused")
            await out.hang_up()
            await s.stats(activeCalls=0, trunkRegistered=False)
            assert telephone.state == "up"
            t.endpoint.port = port
            await t.endpoint.open()
            await t.registered(20)
            await telephone.wait_state("ended", 10)


async def test_a_call_that_rings_ends_with_the_connection(trunk_with, ear):
    g, t = trunk_with()
    t.plans.append(lambda c: c.ring(180))
    async with t:
        await registers(g, t)
        async with Scene(g, ear) as s:
            out = await s.jigasi.call("+4930123")
            await out.wait_state("ringing")
            t.endpoint.cut()
            await out.wait(lambda: out.state == "ended", 5)
            assert out.responses[-1].status == 503
            await s.stats(activeCalls=0)


async def test_a_bye_that_was_under_way_is_sent_again(trunk_with, ear):
    g, t = trunk_with()
    async with t:
        await registers(g, t)
        async with Scene(g, ear) as s:
            out, telephone = await dialled(s, t)
            await s.hears(telephone, "in-conference")
            telephone.silent, t.contact = True, None
            await out.hang_up()
            await telephone.wait(lambda: telephone.requests, 10)
            t.endpoint.cut()
            telephone.silent = False
            await t.registered(5)
            await telephone.wait_state("ended", 15)
            assert {m.method for m in telephone.requests} == {"BYE"}


async def test_who_is_silent_is_asked_over_the_new_connection(trunk_with,
                                                               ear):
    """A cut while OPTIONS is under way says nothing about the far side."""
    g, t = trunk_with(settings={"JIGATE_MEDIA_TIMEOUT": "3"})
    async with t:
        await registers(g, t)
        async with Scene(g, ear) as s:
            out, telephone = await dialled(s, t)
            telephone.silent, t.contact = True, None
            telephone.media.frozen = True
            await telephone.wait(
                lambda: any(m.method == "OPTIONS" for m in telephone.requests),
                15)
            t.endpoint.cut()
            telephone.silent = False
            await t.registered(5)
            await told(g, "no audio from the far side, but it answers OPTIONS")
            assert (telephone.state, out.state) == ("up", "up")
            await out.hang_up()
            await telephone.wait_state("ended", 10)


async def test_a_trunk_that_hangs_is_connected_to_anew(trunk_with):
    """No answer to a REGISTER: the connection may be dead."""
    g, t = trunk_with()
    t.granted = 5
    async with t:
        await registers(g, t)
        first, = t.endpoint.connections
        t.endpoint.deaf = True
        await told(g, "trunk not registered: no answer from localhost", 20)
        t.endpoint.deaf, t.contact = False, None
        await t.registered(15)
        assert t.endpoint.connections != [first]


async def test_a_renewed_ca_file_is_read(trunk_with, tmp_path, authority):
    ca = tmp_path / "ca.pem"
    ca.write_text(Authority(tmp_path / "other").root.read_text())
    g, t = trunk_with(settings={"SIPGW_SIP_CA_FILE": ca})
    async with t:
        g.settings["SIPGW_SIP_PORT"] = str(t.endpoint.port)
        await start(g)
        await told(g, "certificate is of a CA that is not trusted")
        ca.write_text(authority.root.read_text())
        await t.registered(15)


async def test_the_default_port_over_tls_is_5061(gateway_with):
    g = gateway_with(SIPGW_SIP_SERVER="127.0.0.1", SIPGW_SIP_TRANSPORT="tls",
                     SIPGW_SIP_PASSWORD="x1y2z3")
    assert re.search(r"no TLS with 127.0.0.1 at 127.0.0.1:5061",
                     (await told(g, "trunk not .*")).group())
