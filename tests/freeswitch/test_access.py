"""Who gets in, by what right, and who does not."""
import asyncio
import contextlib

import pytest

import sipmsg
from freeswitch.calls import nobody_left, parked, phone, refused, uuids
from jigasi import Jigasi
from sipmsg import Message
from sipua import Endpoint, Timeout


def registrations(server, profile):
    text = server.api(f"sofia xmlstatus profile {profile} reg")
    return text.count("<registration>")


# ---- registration ----

async def test_a_phone_registers_outside_and_only_there(server):
    async with phone(server) as p:
        assert (await p.register()).status == 200
        assert registrations(server, "external") == 1
        assert 60 <= p.granted <= 3600
        assert (await p.register(0)).status == 200
    async with phone(server, server=server.internal) as p:
        assert (await p.register()).status == 403
        assert registrations(server, "internal") == 0


async def test_several_phones_are_kept(server):
    async with phone(server) as a, phone(server) as b:
        for p in (a, b, a):
            assert (await p.register()).status == 200
        assert registrations(server, "external") == 2
        assert (await a.register(0)).status == 200
        assert registrations(server, "external") == 1
        assert (await b.register(0)).status == 200


async def test_jigasi_registers_inside_and_only_there(server):
    secret = server.jigasi_password
    async with Jigasi(secret, server.internal, ip=server.host()) as j:
        assert (await j.register()).status == 200
        assert registrations(server, "internal") == 1
        assert j.granted == 60
        assert (await j.register(0)).status == 200
    async with Jigasi(secret, server.external, ip=server.host()) as j:
        assert (await j.register()).status == 403
        assert registrations(server, "external") == 0


@pytest.mark.parametrize("user,password,domain", [
    ("user", "wrong", "meet.jitsi"), ("user", "", "meet.jitsi"),
    ("nobody", "phone-secret-77", "meet.jitsi"),
    ("jigasi", "jigasi-secret-77", "internal"),
    ("jigasi", "jigasi-secret-77", "meet.jitsi"),
])
async def test_a_wrong_password_or_user(server, user, password, domain):
    async with phone(server, user=user, password=password,
                     domain=domain) as p:
        assert (await p.register()).status == 403
    assert registrations(server, "external") == 0


async def test_a_refused_registration_is_logged_for_fail2ban(server):
    async with phone(server, password="wrong") as p:
        await p.register()
        ip = p.endpoint.ip
    await asyncio.sleep(0.3)
    assert "SIP auth failure (REGISTER) on sofia profile 'external' for " \
        f"[user@meet.jitsi] from ip {ip}" in server.log()


async def test_credentials_of_one_register_no_other(server):
    """The phones' password, and jigasi@meet.jitsi as the one to register."""
    async with phone(server) as p:
        def make():
            m = Message("REGISTER", "sip:meet.jitsi")
            m.add("From", "<sip:jigasi@meet.jitsi>;tag=" + sipmsg.token())
            m.add("To", "<sip:jigasi@meet.jitsi>")
            m.add("Call-ID", sipmsg.token(8)).add("CSeq", "1 REGISTER")
            m.add("Contact", f"<{p.endpoint.local_uri('jigasi')}>")
            return m
        r = await p.endpoint.authenticated(make, server.external, p.user,
                                           p.password)
        assert r.status == 403
    assert registrations(server, "external") == 0


async def test_several_jigasis_are_kept(server):
    async with contextlib.AsyncExitStack() as stack:
        made = []
        for _ in range(2):
            j = await stack.enter_async_context(
                Jigasi(server.jigasi_password, server.internal,
                       ip=server.host()))
            assert (await j.register()).status == 200
            made.append(j)
        text = server.api("sofia xmlstatus profile internal reg")
        for j in made:
            assert f"{j.endpoint.ip}:{j.endpoint.port}" in text
        for j in made:
            await j.register(0)
        assert registrations(server, "internal") == 0


@pytest.mark.deadline(60)
async def test_jigasi_is_pinged(server):
    async with Jigasi(server.jigasi_password, server.internal,
                      ip=server.host()) as j:
        await j.register()
        await j.endpoint.until(
            lambda: any("<-" in t and "OPTIONS" in t
                        for t in j.endpoint.trace), 40, "an OPTIONS")
        await j.register(0)


# ---- calls ----

async def test_a_user_is_parked_unanswered(server):
    async with phone(server) as p:
        async with parked(server, p) as (call, var):
            assert var("jigate_source") == "user"
            assert var("app_disable_expand_variables") == "true"
            assert var("sip_auth_username") == "user"
            assert var("sip_copy_custom_headers") == "false"
            assert var("media_timeout") == "7200000"
            assert var("sip_req_user") == "room"
            assert call.state != "up"
            assert all(r.status < 180 for r in call.responses)


async def test_what_a_caller_writes_is_not_expanded(server):
    number = "%24%7Bsystem(touch%20/tmp/never)%7D"
    evil = "${global_getvar(hostname)}"
    async with phone(server, display=evil) as p:
        async with parked(server, p, number, headers=[
                ("X-Evil", evil), ("X-jigate_source", "jigasi"),
                ("P-jigate_source", "jigasi")]) as (_, var):
            assert var("jigate_source") == "user"
            assert var("sip_from_display") == "_undef_"  # kept from us
            assert var("sip_h_X-Evil") == "_undef_"


async def test_a_spoofed_from_is_still_the_phones_user(server):
    async with phone(server) as p:
        p.display = "Jigasi"
        type(p).local, real = property(
            lambda _: '"Jigasi" <sip:jigasi@meet.jitsi>'), type(p).local
        try:
            async with parked(server, p) as (_, var):
                assert var("jigate_source") == "user"
                assert var("sip_auth_username") == "user"
        finally:
            type(p).local = real


async def test_calls_without_credentials(server):
    async with phone(server, password=None) as p:
        assert await refused(p) == 407
    async with phone(server, password="wrong") as p:
        assert await refused(p) == 403
    async with phone(server, user="jigasi",
                     password=server.jigasi_password) as p:
        assert await refused(p) == 403
    await nobody_left(server)


async def test_a_phone_cannot_call_on_the_inside(server):
    async with phone(server, server=server.internal) as p:
        assert await refused(p) == 403


async def test_a_phone_cannot_pose_as_the_trunk(server_with):
    s = server_with(SIPGW_SIP_PASSWORD="x", SIPGW_SIP_SERVER="127.9.9.5")
    async with phone(s) as p:
        assert await refused(p, "gw+trunk") == 403
        assert await refused(p, uri="sip:room@meet.jitsi;gw=trunk") == 403


async def test_jigasi_dials_out(server):
    async with Jigasi(server.jigasi_password, server.internal,
                      ip=server.host()) as j:
        async with parked(server, j, "15551234") as (_, var):
            assert var("jigate_source") == "jigasi"
            assert var("sip_auth_username") == "jigasi"


async def test_trusted_networks_and_the_trunk(server_with):
    s = server_with(JIGATE_TRUSTED_NETWORKS="127.9.9.0/29, 10.0.0.1",
                    SIPGW_SIP_PASSWORD="x", SIPGW_SIP_SERVER="127.9.9.129")
    async with phone(s, ip="127.9.9.3", password=None) as p:
        async with parked(s, p) as (_, var):
            assert var("jigate_source") == "trusted"
    contact = s.rendered("sip_profiles/external.xml").split(
        'name="extension" value="')[1].split('"')[0]
    assert len(contact) == 32
    async with phone(s, ip="127.9.9.129", password=None) as p:
        for uri in (f"sip:{contact}@{s.external[0]}",
                    f"sip:{contact}@{s.external[0]};gw=trunk"):
            async with parked(s, p, uri=uri) as (_, var):
                assert var("jigate_source") == "trunk"
        for number in ("room", "gw+trunk", "", contact[1:], contact + "0"):
            assert await refused(p, number) == 403
    async with phone(s) as p:  # whoever knows it, from elsewhere
        assert await refused(p, uri=f"sip:{contact}@{s.external[0]};"
                             "gw=trunk") == 403
        async with parked(s, p, contact) as (_, var):
            assert var("jigate_source") == "user"
    async with phone(s, ip="127.9.9.9", password=None) as p:
        assert await refused(p) == 407
    async with phone(s) as p:
        async with parked(s, p) as (_, var):
            assert var("jigate_source") == "user"


async def test_the_trunk_is_registered_at(server_with):
    e = Endpoint("127.9.9.65", 0)
    got = asyncio.Queue()

    def request(tx):
        if tx.request.get("Authorization"):
            got.put_nowait(tx.request)
            tx.respond(200, headers=[
                ("Contact", tx.request.get("Contact") + ";expires=60")])
        else:
            tx.respond(401, headers=[(
                "WWW-Authenticate", 'Digest realm="provider.example", '
                'nonce="n1", algorithm=MD5, qop="auth"')])

    e.on_request = request
    await e.open()
    loop = asyncio.get_running_loop()
    try:
        s = await loop.run_in_executor(None, lambda: server_with(
            SIPGW_SIP_SERVER="127.9.9.65", SIPGW_SIP_PORT=str(e.port),
            SIPGW_SIP_DOMAIN="provider.example", SIPGW_SIP_USERNAME="acct7",
            SIPGW_SIP_PASSWORD="""t"<&'$${x}"""))
        m = await asyncio.wait_for(got.get(), 20)
        assert m.method == "REGISTER" and "acct7@provider.example" in \
            m.get("From") and m.get("Expires") == "60"
        sent = sipmsg.challenge(m.get("Authorization"))
        assert sent["username"] == "acct7"
        right = sipmsg.challenge(sipmsg.digest(
            {"realm": "provider.example", "nonce": "n1", "qop": "auth"},
            "acct7", s.settings["SIPGW_SIP_PASSWORD"], "REGISTER",
            sent["uri"], int(sent["nc"], 16), sent["cnonce"]))
        assert sent["response"] == right["response"]
        for _ in range(50):
            if "REGED" in s.api("sofia status gateway trunk"):
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError(s.api("sofia status gateway trunk"))
    finally:
        e.close()


async def test_anonymous_calls_only_where_asked_for(server_with):
    s = server_with(JIGATE_ANONYMOUS_CALLS="true",
                    JIGATE_TRUSTED_NETWORKS="127.9.9.0/29")
    async with phone(s, password=None) as p:
        async with parked(s, p) as (_, var):
            assert var("jigate_source") == "anyone"
    async with phone(s, password=None, ip="127.9.9.3") as p:
        async with parked(s, p) as (_, var):
            assert var("jigate_source") == "trusted"
    async with phone(s, password=None, server=s.internal) as p:
        assert await refused(p) == 407


async def test_other_names_and_passwords(server_with):
    s = server_with(FREESWITCH_REGISTRATION_USERNAME="d.e+sk",
                    FREESWITCH_REGISTRATION_PASSWORD="""p"<&'$${x}""",
                    JIGASI_SIP_URI="bridge@example.org",
                    JIGASI_SIP_PASSWORD="""j"<&'$${x}""")
    async with phone(s, domain="example.org") as p:
        assert (await p.register()).status == 200
        async with parked(s, p) as (_, var):
            assert var("jigate_source") == "user"
    async with phone(s, domain="example.org", user="dde+sk") as p:
        assert await refused(p) == 403
    async with Jigasi(s.jigasi_password, s.internal, ip=s.host()) as j:
        j.user, j.domain = "bridge", "example.org"
        assert (await j.register()).status == 200


async def test_a_call_that_nobody_takes_is_ended(server_with):
    s = server_with(FREESWITCH_PARK_TIMEOUT="2")
    async with phone(s) as p:
        assert await refused(p) == 503
        await nobody_left(s)
        async with parked(s, p) as (call, _):
            [uuid] = uuids(s)
            s.api(f"uuid_setvar {uuid} jigate_call 17")
            await asyncio.sleep(4)
            assert call.state != "ended"


# ---- what is not ours to do ----

def stray(e, method, headers, body, to="user"):
    m = Message(method, f"sip:{to}@meet.jitsi")
    m.add("From", "<sip:jigasi@meet.jitsi>;tag=" + sipmsg.token())
    m.add("To", f"<sip:{to}@meet.jitsi>")
    m.add("Call-ID", sipmsg.token(8)).add("CSeq", f"1 {method}")
    m.add("Contact", f"<{e.local_uri('x')}>")
    for name, value in headers:
        m.add(name, value)
    m.body = body
    return m


def credentials(server, side):
    return ("user", server.password) if side == "external" else \
        ("jigasi", server.jigasi_password)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("side", ["external", "internal"])
@pytest.mark.parametrize("method,headers", [
    ("SUBSCRIBE", [("Event", "presence"), ("Expires", "600")]),
    ("SUBSCRIBE", [("Event", "dialog"), ("Expires", "600")]),
    ("SUBSCRIBE", [("Event", "message-summary"), ("Expires", "600")]),
    ("PUBLISH", [("Event", "presence"), ("Expires", "600")]),
    ("NOTIFY", [("Event", "check-sync"), ("Subscription-State", "active")]),
    ("REFER", [("Refer-To", "<sip:1000@meet.jitsi>")]),
    ("NONSENSE", []),
])
async def test_other_methods_are_refused(server, side, method, headers, known):
    e = await Endpoint(server.host()).open()
    e.timeout = 3
    user, password = credentials(server, side)
    try:
        r = await e.authenticated(lambda: stray(e, method, headers, b""),
                                  getattr(server, side), user,
                                  password if known else None)
        assert r.status >= 400, r
    except Timeout:
        pass  # no answer at all is a refusal too
    finally:
        e.close()
    assert uuids(server) == []


@pytest.mark.parametrize("side", ["external", "internal"])
@pytest.mark.parametrize("method,headers,body", [
    ("MESSAGE", [("Content-Type", "text/plain")], b"hello"),
    ("NOTIFY", [("Event", "refer"), ("Subscription-State", "active")], b""),
    ("NOTIFY", [("Event", "message-summary"),
                ("Subscription-State", "active"),
                ("Content-Type", "application/simple-message-summary")],
     b"Messages-Waiting: yes\r\n"),
])
async def test_what_freeswitch_answers_kindly_goes_nowhere(
        server, side, method, headers, body):
    """It says 200 or 202 to these whatever is set; nobody gets them."""
    async with contextlib.AsyncExitStack() as stack:
        p = await stack.enter_async_context(phone(server))
        j = await stack.enter_async_context(
            Jigasi(server.jigasi_password, server.internal, ip=server.host()))
        assert (await p.register()).status == 200
        assert (await j.register()).status == 200
        with server.esl() as events:
            events.ask("event plain MESSAGE RECV_MESSAGE MESSAGE_WAITING "
                       "MESSAGE_QUERY NOTIFY CUSTOM")
            e = await Endpoint(server.host()).open()
            user, password = credentials(server, side)
            for to in ("jigasi", "user"):
                await e.authenticated(
                    lambda: stray(e, method, headers, body, to),
                    getattr(server, side), user, password)
            e.close()
            await asyncio.sleep(0.5)
            seen = events.frame_within(0.2)
        for x in (p, j):
            assert not any(f" {method} " in t for t in x.endpoint.trace)
            await x.register(0)
        assert seen is None, seen
