"""A meeting dials out (section 8 of the call flows), on any engine: Jigasi
calls, a phone or a telephone behind the trunk is rung."""
import asyncio
import contextlib
import os

import pytest

import audio
import rtp
import sipmsg
from e2e.scene import Scene
from trunk import Trunk

EMBEDDED = os.environ.get("ENGINE", "embedded") == "embedded"


class Scenery(Scene):
    """Scene with a Jigasi that dials and, if wanted, a trunk."""

    async def dial(self, to, uri=None, echo=True):
        """Jigasi calls on behalf of the meeting."""
        call = await self.jigasi.call(
            to, uri=uri, headers=[("X-Room-Name", "room@muc.meet.jitsi"),
                                  ("JigasiCallDirection", "out")])
        if echo:
            rtp.echo(call.media)
        return call

    async def phone(self, **options):
        """A phone that is registered."""
        p = await self.add_phone(**options)
        assert (await p.register()).status == 200
        return p

    async def leave(self, *phones):
        for p in phones:
            await p.register(0)


@contextlib.asynccontextmanager
async def with_trunk(gateway_with, ear, scenery=Scenery, **more):
    """(scenery, trunk), the gateway registered."""
    g = gateway_with(run=False)
    t = Trunk(g.host())
    g.settings.update({
        "SIPGW_SIP_SERVER": t.endpoint.ip,
        "SIPGW_SIP_PORT": str(t.endpoint.port),
        "SIPGW_SIP_DOMAIN": t.domain, "SIPGW_SIP_USERNAME": t.user,
        "SIPGW_SIP_PASSWORD": t.password,
        "JIGATE_DIALOUT_ALLOW": "+49, 0", **more})
    async with t:
        await asyncio.get_running_loop().run_in_executor(None, g.start)
        await t.registered(30)
        async with scenery(g, ear) as s:
            await asyncio.sleep(0 if EMBEDDED else 1)
            yield s, t


async def refused(call, timeout=10):
    """(status, phrase) that Jigasi got."""
    await call.wait(lambda: call.state == "ended", timeout)
    return call.responses[-1].status, call.responses[-1].reason


# ---- who may ----

async def test_nothing_may_be_dialled_by_default(gateway, ear):
    async with Scenery(gateway, ear) as s:
        call = await s.dial("+4930123")
        assert await refused(call) == (403, "Not permitted")
        call = await s.dial("room")
        assert (await refused(call))[0] == 403
        assert "dialling out to this number is not permitted" \
            in gateway.log()


async def test_an_address_elsewhere_is_refused(gateway_with, ear):
    async with with_trunk(gateway_with, ear) as (s, t):
        call = await s.dial(None, uri="sip:+4930123@sip.example.org")
        assert await refused(call) == (403, "Not permitted")
        assert t.calls == []


async def test_a_phone_cannot_dial_out(gateway_with, ear):
    async with with_trunk(gateway_with, ear) as (s, t):
        call = await s.call("+4930123")
        meeting = await s.jigasi.next_call()
        assert meeting.room == "+4930123"  # a room like any other
        assert t.calls == []
        await call.hang_up()


async def test_strange_numbers_reach_nobody(gateway_with, ear):
    strange = ("+49;x=y", "0&system", "0,1", "0|1", "+49%0d%0aX:y", "0%23",
               "0%7B%7D", "0%24%7Ba%7D", "gw+trunk", "0'", "0%22", "0%5Ct")
    async with with_trunk(gateway_with, ear) as (s, t):
        for to in strange:
            call = await s.dial(to)
            status, _ = await refused(call)
            # FreeSWITCH refuses some by itself.
            assert status in (400, 403, 404), (to, status)
        assert t.calls == []


async def test_healthcheck_is_answered_with_a_tone(gateway, ear):
    async with Scenery(gateway, ear) as s:
        call = await s.dial("healthcheck", echo=False)
        await call.wait_state("up")
        await call.media.until(
            lambda: audio.level(call.media.heard()[-4000:]) > -30, 5,
            "a tone")
        await call.hang_up()


# ---- a phone ----

async def test_a_registered_phone_is_rung(gateway, ear):
    async with Scenery(gateway, ear) as s:
        p = await s.phone()
        call = await s.dial("user")
        ring = await asyncio.wait_for(p.incoming.get(), 5)
        await call.wait_state("ringing")
        await s.stats(activeCalls=1)
        ring.media.source = audio.tone(600)
        ring.pick_up()
        await call.wait_state("up")
        await s.hears(ring, "in-conference")
        await s.hears_tone(call, 600)
        await s.hears_tone(ring, 600)
        await ring.hang_up()
        await call.wait_state("ended")
        assert call.ended_by == "them"
        await s.stats(activeCalls=0)
        await s.leave(p)


async def test_the_newest_phone_is_rung_alone(gateway, ear):
    async with Scenery(gateway, ear) as s:
        old = await s.phone()
        new = await s.phone()
        call = await s.dial("user")
        ring = await asyncio.wait_for(new.incoming.get(), 5)
        ring.refuse(486)
        assert await refused(call) == (486, "Busy Here")
        assert old.incoming.empty()
        await s.leave(old, new)


async def test_no_phone_is_480(gateway, ear):
    async with Scenery(gateway, ear) as s:
        call = await s.dial("user")
        assert await refused(call) == (480, "Not registered")


@pytest.mark.parametrize("status,phrase", [
    (404, "No such number"), (480, "Do not disturb"), (603, "Decline"),
    (486, "Busy Here")])
async def test_refusals_pass_with_their_text(gateway, ear, status, phrase):
    async with Scenery(gateway, ear) as s:
        p = await s.phone()
        call = await s.dial("user")
        ring = await asyncio.wait_for(p.incoming.get(), 5)
        ring.refuse(status, phrase)
        assert await refused(call) == (status, phrase)
        await s.stats(activeCalls=0)
        await s.leave(p)


async def test_a_redirection_is_not_followed(gateway, ear):
    async with Scenery(gateway, ear) as s:
        p, other = await s.phone(), await s.add_phone()
        uri = other.endpoint.local_uri("victim")
        call = await s.dial("user")
        ring = await asyncio.wait_for(p.incoming.get(), 5)
        ring.refuse(302, headers=[("Contact", f"<{uri}>")])
        assert (await refused(call))[0] == 480
        await asyncio.sleep(0.5)
        assert other.incoming.empty()
        await s.leave(p)


async def test_jigasi_gives_up_while_it_rings(gateway, ear):
    async with Scenery(gateway, ear) as s:
        p = await s.phone()
        call = await s.dial("user")
        ring = await asyncio.wait_for(p.incoming.get(), 5)
        await call.wait_state("ringing")
        await call.cancel()
        assert call.responses[-1].status == 487
        await ring.wait(lambda: ring.state == "ended")
        assert "CANCEL received" in [w for _, w in ring.history]
        await s.stats(activeCalls=0)
        await s.leave(p)


# ---- in the meeting ----

async def in_meeting(s, p):
    call = await s.dial("user")
    ring = await asyncio.wait_for(p.incoming.get(), 5)
    ring.media.source = audio.tone(600)
    ring.pick_up()
    await call.wait_state("up")
    await s.hears(ring, "in-conference")
    return call, ring


async def test_keys_and_messages_work_as_for_callers(gateway, ear):
    async with Scenery(gateway, ear) as s:
        p = await s.phone()
        call, ring = await in_meeting(s, p)
        await ring.keys("*6")
        await s.hears(ring, "muted")
        await s.hears_silence(call)
        await ring.keys("*6")
        await s.hears(ring, "unmuted")
        await s.hears_tone(call, 600)
        assert any(b'"muteRe' in body for _, body in call.infos)
        assert call.media.keys_heard == [], "keys are the gateway's"
        r = await call.info({"t": 11})
        assert r.status == 200
        await call.wait(lambda: any(b'"t":11' in body.replace(b" ", b"")
                                    for _, body in call.infos))
        await call.info({"t": 8, "d": True})
        await s.hears(ring, "moderation-on")
        await call.hang_up()
        await s.hears(ring, "ended")
        await ring.wait(lambda: ring.state == "ended", 10)
        await s.leave(p)


async def test_keys_of_the_meeting_reach_whom_it_dialled(gateway, ear):
    async with Scenery(gateway, ear) as s:
        p = await s.phone()
        call, ring = await in_meeting(s, p)
        await call.keys("12#*0")
        await ring.wait(lambda: "".join(ring.media.keys_heard) == "12#*0", 5,
                        f"the keys; heard {ring.media.keys_heard}")
        await s.hears_tone(call, 600)
        await ring.hang_up()
        await call.wait_state("ended")
        await s.leave(p)


# ---- through the trunk ----

async def test_a_telephone_is_called_through_the_trunk(gateway_with, ear):
    async with with_trunk(gateway_with, ear,
                          JIGATE_DIALOUT_CALLER_ID="+4930999") as (s, t):
        call = await s.dial("+49-30-1234")
        telephone = await t.next_call()
        m = telephone.invite
        assert sipmsg.uri_parts(m.uri)[0] == "+49301234"
        assert sipmsg.uri_parts(sipmsg.address(m.get("From"))[1])[:2] == \
            ("+4930999", t.domain)
        assert m.get("X-Room-Name") is None
        await call.wait_state("up")
        await s.hears(telephone, "in-conference")
        telephone.media.source = audio.tone(600)
        await s.hears_tone(call, 600)
        await s.hears_tone(telephone, 600)
        await call.keys("1")
        await telephone.wait(lambda: telephone.media.keys_heard == ["1"])
        await telephone.hang_up()
        await call.wait_state("ended")
        await s.stats(activeCalls=0)


async def test_a_trunk_may_want_the_password_for_a_bye_too(gateway_with, ear):
    async with with_trunk(gateway_with, ear) as (s, t):
        t.challenged = ("BYE",)
        call = await s.dial("+49301234")
        telephone = await t.next_call()
        await call.wait_state("up")
        await s.hears(telephone, "in-conference")
        await call.hang_up()
        await telephone.wait_state("ended", 5)
        assert t.answered[-1]["uri"] == telephone.requests[-1].uri


async def test_without_a_caller_id_it_is_the_account(gateway_with, ear):
    async with with_trunk(gateway_with, ear) as (s, t):
        call = await s.dial("0301")
        telephone = await t.next_call()
        assert sipmsg.address(telephone.invite.get("From"))[1] == \
            f"sip:acct@{t.domain}"
        await call.wait_state("up")
        await call.hang_up()
        await s.hears(telephone, "ended")
        await telephone.wait(lambda: telephone.state == "ended", 10)


@pytest.mark.parametrize("status,phrase", [
    (486, "Busy Here"), (404, "Unallocated number"), (503, "Trunk full")])
async def test_the_trunk_refuses(gateway_with, ear, status, phrase):
    async with with_trunk(gateway_with, ear) as (s, t):
        t.plans.append(lambda c: c.refuse(status, phrase))
        call = await s.dial("+49301")
        assert await refused(call) == (status, phrase)


async def test_the_trunk_sends_183_only(gateway_with, ear):
    async with with_trunk(gateway_with, ear) as (s, t):
        t.plans.append(lambda c: c.ring(183))
        call = await s.dial("+49301")
        await call.wait_state("ringing")
        telephone = await t.next_call()
        await call.cancel()
        await telephone.wait(lambda: telephone.state == "ended")
        assert "CANCEL received" in [w for _, w in telephone.history]


async def test_what_is_said_before_the_answer_is_heard(gateway_with, ear):
    async with with_trunk(gateway_with, ear) as (s, t):
        t.plans.append(lambda c: (c.ring(180), c.ring(183, early=True)))
        call = await s.dial("+49301")
        telephone = await t.next_call()
        telephone.media.source = audio.tone(600)
        await s.hears_tone(call, 600)
        assert [r.status for r in call.responses if r.status > 100] == \
            [180, 183]
        assert call.state == "ringing" and call.early.body
        telephone.media.source = audio.silence()
        telephone.pick_up()
        await call.wait_state("up")
        await s.hears(telephone, "in-conference")
        telephone.media.source = audio.tone(800)
        await s.hears_tone(call, 800)
        await s.hears_tone(telephone, 800)  # Jigasi's echo
        await telephone.hang_up()
        await call.wait_state("ended", 15)


async def test_an_announcement_and_then_a_refusal(gateway_with, ear):
    async with with_trunk(gateway_with, ear) as (s, t):
        t.plans.append(lambda c: c.ring(183, early=True))
        call = await s.dial("+49301")
        telephone = await t.next_call()
        telephone.media.source = audio.tone(600)
        await s.hears_tone(call, 600)
        telephone.refuse(404, "Unallocated number")
        assert await refused(call) == (404, "Unallocated number")
        await s.stats(activeCalls=0)


async def test_an_early_description_that_is_none_is_ringing(gateway_with,
                                                            ear):
    async with with_trunk(gateway_with, ear) as (s, t):
        def plan(c):
            c._tx.respond(183, headers=c._contact(), body=b"v=0\r\nnonsense")
        t.plans.append(plan)
        call = await s.dial("+49301")
        telephone = await t.next_call()
        await call.wait_state("ringing")
        assert call.early is None
        telephone.pick_up()
        await call.wait_state("up")
        await call.hang_up()


async def test_no_more_at_a_time_than_the_trunk_may_carry(gateway_with, ear):
    async with with_trunk(gateway_with, ear,
                          JIGATE_DIALOUT_MAX_CALLS="1") as (s, t):
        await s.stats(trunkRegistered=True)
        first = await s.dial("+49301")
        telephone = await t.next_call()
        call = await s.dial("+49302")
        assert await refused(call) == (486, "All lines are taken")
        assert "JIGATE_DIALOUT_MAX_CALLS are taken" in s.gateway.log()
        await first.wait_state("up")
        await telephone.hang_up()
        await first.wait_state("ended", 15)
        await s.stats(activeCalls=0)
        call = await s.dial("+49303")
        await call.wait_state("up")
        await call.hang_up()
        assert len(t.calls) == 2


async def test_other_prefixes_do_not_reach_the_trunk(gateway_with, ear):
    async with with_trunk(gateway_with, ear) as (s, t):
        for to in ("+48301", "4930", "+4", "1"):
            call = await s.dial(to)
            assert await refused(call) == (403, "Not permitted")
        assert t.calls == []


async def test_no_trunk_is_503(gateway_with, ear):
    g = gateway_with(JIGATE_DIALOUT_ALLOW="+49")
    async with Scenery(g, ear) as s:
        call = await s.dial("+49301")
        assert (await refused(call))[0] == 503
        await s.stats(activeCalls=0)
