"""The trunk: registering at it, its calls, and those who pretend to be it."""
import asyncio
import contextlib
import re

import pytest

import sipmsg
from e2e.scene import Scene
from phone import Phone
from sipmsg import Message
from sipua import Endpoint
from trunk import Trunk, request


def settings(trunk, **more):
    return {"SIPGW_SIP_SERVER": trunk.endpoint.ip,
            "SIPGW_SIP_PORT": str(trunk.endpoint.port),
            "SIPGW_SIP_DOMAIN": trunk.domain,
            "SIPGW_SIP_USERNAME": trunk.user,
            "SIPGW_SIP_PASSWORD": trunk.password, **more}


def make(gateway_with, **options):
    """A trunk and a gateway that will register at it, not started yet."""
    g = gateway_with(run=False)
    more = options.pop("settings", {})
    t = Trunk(g.host(), **options)
    g.settings.update(settings(t, **more))
    return g, t


def start(gateway):
    """Without blocking those who are to answer it."""
    return asyncio.get_running_loop().run_in_executor(None, gateway.start)


@contextlib.asynccontextmanager
async def registered(gateway_with, **options):
    """(gateway, trunk), the one registered at the other."""
    g, t = make(gateway_with, **options)
    async with t:
        await start(g)
        await t.registered()
        yield g, t


async def told(gateway, pattern, timeout=45):
    """Wait for a line of the log."""
    end = asyncio.get_running_loop().time() + timeout
    while True:
        found = re.search(pattern, gateway.log())
        if found:
            return found
        assert asyncio.get_running_loop().time() < end, \
            f"{pattern} is not in the log"
        await asyncio.sleep(0.05)


# ---- registering ----

async def test_it_registers_stays_so_and_leaves(gateway_with):
    g, t = make(gateway_with)
    t.granted = 5
    async with t:
        await start(g)
        uri = await t.registered()
        user, host, port, _ = sipmsg.uri_parts(uri)
        assert (host, port) == g.external and len(user) == 32
        assert t.expires == 60
        m = t.registers[0]
        assert m.uri == f"sip:{t.domain}" and m.get("Authorization") is None
        assert sipmsg.address(m.get("From"))[1] == f"sip:acct@{t.domain}"
        assert sipmsg.address(m.get("To"))[1] == f"sip:acct@{t.domain}"
        await told(g, r"info .*trunk registered: acct@provider.example at "
                   rf"{t.endpoint.ip}:5060, for 5 s")
        # Again before the 5 s are over, with the nonce of before.
        n = len(t.registers)
        await t.endpoint.until(lambda: len(t.registers) > n, 6, "a refresh")
        assert len(t.registers) == n + 1
        assert t.registers[-1].call_id == m.call_id
        assert t.registers[-1].cseq[0] == t.registers[-2].cseq[0] + 1
        assert int(t.answered[-1]["nc"], 16) == 2
        assert t.contact == uri
        # The next time the nonce is stale.
        t.new_nonce()
        n = len(t.answered)
        await t.endpoint.until(lambda: len(t.answered) > n, 6, "an answer")
        assert t.answered[-1]["nonce"] == t.nonce
        assert "not registered" not in g.log()
        await asyncio.get_running_loop().run_in_executor(None, g.stop)
        assert t.contact is None and t.registers[-1].get("Expires") == "0"


@pytest.mark.parametrize("challenges,algorithm", [
    (['algorithm=SHA-256, qop="auth"', 'algorithm=MD5, qop="auth"'],
     "SHA-256"),
    (['algorithm=MD5, qop="auth-int,auth"', 'algorithm=SHA-256, qop="auth"'],
     "MD5"),
    (['algorithm=SHA-512-256, qop="auth"', 'algorithm=SHA-256, qop="auth"'],
     "SHA-256"),
    (['opaque="x"'], None),
])
async def test_digests(gateway_with, challenges, algorithm):
    g, t = make(gateway_with)
    t.challenges = challenges
    async with t:
        await start(g)
        await t.registered()
        assert t.answered[-1].get("algorithm") == algorithm
        assert ("qop" in t.answered[-1]) == (algorithm is not None)


async def test_the_registrar_may_want_longer_times(gateway_with):
    g, t = make(gateway_with)
    t.least = 600
    async with t:
        await start(g)
        await t.registered()
        assert t.expires == 600
        await told(g, "trunk registered: .* for 600 s")


async def test_a_wrong_password_is_told_and_not_hammered(gateway_with):
    g, t = make(gateway_with, settings={"SIPGW_SIP_PASSWORD": "wrong"})
    async with t:
        await start(g)
        await told(g, "warn .*trunk not registered: .* does not accept "
                   "SIPGW_SIP_USERNAME and SIPGW_SIP_PASSWORD")
        tried = len(t.registers)
        if g.engine == "embedded":
            assert tried == 2, "with the password once"
        await asyncio.sleep(3)
        assert len(t.registers) == tried and t.contact is None
        assert g.get("/ready")[0] == 200


async def test_a_trunk_that_is_away_is_tried_again(gateway_with):
    g, t = make(gateway_with)
    t.register_status = 503
    async with t:
        await start(g)
        await told(g, "trunk not registered: .* answers 503")
        t.register_status = 200
        await t.registered(45)
        assert len(t.registers) >= 3
        await told(g, "trunk registered")


async def test_a_name_without_an_address_is_told(gateway_with):
    g = gateway_with(SIPGW_SIP_SERVER="trunk.invalid",
                     SIPGW_SIP_PASSWORD="x1y2z3")
    await told(g, "trunk not registered: SIPGW_SIP_SERVER=trunk.invalid has "
               "no address")
    assert g.get("/ready")[0] == 200


async def test_without_a_password_nobody_is_asked(gateway_with):
    g, t = make(gateway_with, settings={"SIPGW_SIP_PASSWORD": ""})
    async with t:
        await start(g)
        await asyncio.sleep(1)
        assert t.registers == []


# ---- its calls ----

async def test_a_telephone_reaches_the_ivr_through_it(gateway_with, ear):
    async with registered(gateway_with) as (g, t):
        async with Scene(g, ear) as s:
            call = await t.call()
            await call.wait_state("up")
            await s.hears(call, "enter-id")
            await call.keys("4711#")
            meeting = await s.jigasi.next_call(5)
            assert meeting.room == "4711" and "+4940123" in meeting.caller
            await s.hears(call, "in-conference")
            await call.hang_up()
            await meeting.wait_state("ended")


async def test_the_number_called_may_be_the_room(gateway_with, ear):
    number = {"JIGATE_TRUNK_DESTINATION": "number"}
    async with registered(gateway_with, settings=number) as (g, t):
        async with Scene(g, ear) as s:
            call = await t.call("4712")
            meeting = await s.jigasi.next_call(5)
            assert meeting.room == "4712"
            await call.wait_state("up")
            await call.hang_up()
            call = await t.call("acct")
            await s.hears(call, "enter-id")
            await call.hang_up()


async def test_one_nonce_for_registrations_and_calls(gateway_with, ear):
    """Its count goes on from the one to the other (RFC 7616, 3.4)."""
    g, t = make(gateway_with, settings={"JIGATE_DIALOUT_ALLOW": "+49"})
    t.one_nonce = True
    async with t:
        await start(g)
        await t.registered()
        async with Scene(g, ear) as s:
            for _ in range(2):
                call = await s.jigasi.call("+49301")
                await call.wait_state("up")
                await call.hang_up()
        assert [int(a["nc"], 16) for a in t.answered] == [1, 2, 3]


# ---- who is not it ----

async def test_a_stranger_who_knows_the_contact_is_challenged(gateway_with):
    g, t = make(gateway_with)
    async with t, Phone(ip=g.host(), server=g.external) as stranger:
        await start(g)
        uri = await t.registered()
        call = await stranger.call("x", uri=uri)
        await call.wait(lambda: call.state == "ended")
        assert call.responses[-1].status in g.turned_away
        assert "offered" not in g.log()


async def test_the_trunks_address_alone_is_not_enough(gateway_with):
    async with registered(gateway_with) as (g, t):
        uri = t.contact
        t.endpoint.timeout = 1
        user, host, port, _ = sipmsg.uri_parts(uri)
        guesses = ["1000", "acct", "jigate", "", user[:-1], user + "0",
                   user.upper(), "0" * 32, user[:-1] + "g"]
        for guess in guesses:
            at = f"{guess}@" if guess else ""
            call = await t.call(uri=f"sip:{at}{host}:{port}")
            await call.wait(lambda c=call: c.state == "ended")
            # One challenge, then nothing; or a refusal.
            assert {r.status for r in call.responses if r.status > 100} \
                <= g.turned_away, guess
        assert "offered" not in g.log()


async def test_a_call_before_the_registration_is_challenged(gateway_with):
    g, t = make(gateway_with)
    t.register_status = None
    async with t:
        await start(g)
        await t.endpoint.until(lambda: t.registers, 5, "a REGISTER")
        uri = sipmsg.address(t.registers[0].get("Contact"))[1]
        call = await t.call(uri=uri)
        await call.wait(lambda: call.state == "ended")
        assert call.responses[-1].status == 401


@contextlib.asynccontextmanager
async def unanswered(gateway_with):
    """(gateway, trunk, stranger): the trunk got a REGISTER and says nothing;
    the stranger knows what stands in it."""
    g, t = make(gateway_with)
    t.register_status = None
    stranger = Endpoint(g.host(), 0)
    async with t:
        await stranger.open()
        try:
            await start(g)
            await t.endpoint.until(lambda: t.registers, 5, "a REGISTER")
            yield g, t, stranger
        finally:
            stranger.close()


def forged(status, reason, register, *more):
    """An answer in the trunk's place."""
    r = Message(status=status, reason=reason)
    for name in ("Via", "From", "Call-ID", "CSeq", *more):
        r.add(name, register.get(name))
    return r.add("To", register.get("To") + ";tag=x")


async def test_credentials_are_given_to_the_trunk_alone(gateway_with):
    """Who guessed our transaction, and answers in the trunk's place."""
    async with unanswered(gateway_with) as (g, t, stranger):
        r = forged(401, "Unauthorized", t.registers[0])
        r.add("WWW-Authenticate", 'Digest realm="provider.example", '
              'nonce="evil", algorithm=MD5, qop="auth"')
        stranger.send(r, g.external)
        await told(g, rf"rejected response from={stranger.ip}:\d+ "
                   "reason=not-the-trunk")
        t.register_status = 200
        await t.registered(8)
        assert all("evil" not in (x.get("Authorization") or "")
                   for x in t.registers)


async def test_a_200_of_a_stranger_registers_nothing(gateway_with):
    async with unanswered(gateway_with) as (g, t, stranger):
        r = forged(200, "OK", t.registers[0], "Contact").add("Expires", 60)
        stranger.send(r, g.external)
        await told(g, "reason=not-the-trunk")
        uri = sipmsg.address(t.registers[0].get("Contact"))[1]
        r = await stranger.request(request("INVITE", uri, stranger.ip),
                                   g.external)
        assert r.status == 401
        assert "trunk registered" not in g.log()


async def test_strangers_cannot_unregister_it(gateway_with):
    """A REGISTER for the trunk's user is one more wrong password."""
    g, t = make(gateway_with)
    async with t, Phone(user="acct", password="x", ip=g.host(),
                        server=g.external) as p:
        await start(g)
        await t.registered()
        assert (await p.register()).status in g.turned_away
        call = await t.call()
        await call.wait_state("up")
        await call.hang_up()


async def test_the_trunk_is_not_counted_by_the_guard(gateway_with):
    """More calls a second than a stranger may place, all through it."""
    async with registered(gateway_with) as (g, t):
        calls = [await t.call() for _ in range(40)]
        for c in calls:
            await c.wait_state("up", 15)
        for c in calls:
            await c.hang_up()
        assert "rejected" not in g.log()
