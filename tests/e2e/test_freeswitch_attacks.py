"""Attacks that only FreeSWITCH could fall for, on a real one."""
import asyncio
import re
import signal

import pytest

import audio
from e2e.gateway_freeswitch import OnFreeSwitch
from e2e.scene import Scene
from e2e.test_attacks import replaces
from e2e.test_trunk import told
from places import BINARY, SOUNDS
from wiretap import Wiretap


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A gateway on FreeSWITCH, whatever engine the other files are for."""
    g = OnFreeSwitch(tmp_path_factory.mktemp("gateway"), BINARY,
                     SOUNDS).start()
    yield g
    wrong = g.stop()
    assert not wrong, "\n".join(wrong)


def uuids(server):
    return re.findall(r'"uuid":"([0-9a-f-]{36})"',
                      server.api("show channels as json"))


async def gone(server):
    for _ in range(50):
        if not uuids(server):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(server.api("show channels"))


async def test_the_tap_hears_what_is_smuggled(real, tmp_path):
    """Or else the tests of test_attacks.py would prove nothing."""
    canary = tmp_path / "canary"
    with Wiretap(real.server) as tap:
        assert tap.smuggled() == []
        real.server.api(f"expand eval ${{system(touch {canary})}}")
        assert ("system", f"touch {canary}") in tap.smuggled()
        assert canary.exists()


async def test_a_call_in_the_ivr_is_not_taken_over(real, ear):
    """FreeSWITCH ends it, in the thief's favour, before anybody is asked;
    but the thief gets nothing and nothing is left behind."""
    async with Scene(real, ear) as s:
        call = await s.call("1000")
        await s.hears_something(call)
        p = await s.add_phone()
        thief = await p.call("other", headers=[replaces(call)])
        await thief.wait_state("ended", 3)
        await call.wait_state("ended", 3)
        await gone(real.server)
        await s.stats(activeCalls=0)
        await told(real, f"from={p.endpoint.ip}:.* reason=replaces", 5)
        call, _ = await s.join("after")
        await call.hang_up()


@pytest.mark.parametrize("headers", [
    [], [("Call-Info", "<sip:x>;appearance-index=1")]],
    ids=["Replaces", "appearance"])
async def test_nobody_listens_while_the_program_stands_still(
        real, ear, headers):
    """FreeSWITCH alone has to refuse who knows all of another's call."""
    async with Scene(real, ear) as s:
        call, meeting = await s.in_meeting("mine")
        p = await s.add_phone()
        real.process.send_signal(signal.SIGSTOP)
        try:
            thief = await p.call("other", headers=[replaces(call), *headers])
            thief.media.source = audio.tone(1200)
            start = meeting.media.mark()
            await asyncio.sleep(2)
            assert call.state == meeting.state == "up", call.describe()
            assert audio.tone_level(meeting.media.heard(start), 1200) < -45
            assert audio.tone_level(meeting.media.heard(start), 600) > -30
            assert audio.tone_level(thief.media.heard(), 600) < -45
        finally:
            real.process.send_signal(signal.SIGCONT)
        await s.hears_tone(meeting, 600)
        await thief.wait_state("ended", 10)
        await call.hang_up()
        await gone(real.server)


CONTACTS = {
    "two threads": "sip:jigasi@{a}:_:sofia/external/x@{a}",
    "a second address": "sip:jigasi@{a},sofia/external/x@{a}",
    "the next address": "sip:jigasi@{a}|sofia/external/x@{a}",
    "variables": "sip:jigasi@{a};x={{canary=1}}",
    "brackets": "sip:jigasi@{a};x=[canary=1]",
    "expansion": "sip:${{system(touch canary)}}@{a}",
    "a quote": "sip:ji'gasi@{a}",
    "another To": "sip:jigasi^x@{a}",
    "headers": "sip:jigasi@{a}?X-Canary=1",
    "an application": "sip:jigasi@{a}&system(touch)",
}


@pytest.mark.parametrize("contact", CONTACTS.values(), ids=CONTACTS.keys())
async def test_a_contact_of_jigasi_is_one_address(real, ear, contact):
    """A Jigasi that was broken into may only be called, or not be."""
    async with Scene(real, ear) as s:
        evil = await s.add_jigasi(register=False)
        address = f"{evil.endpoint.ip}:{evil.endpoint.port}"
        with Wiretap(real.server) as tap:
            await evil.register(
                contact="<" + contact.format(a=address) + ">")
            for _ in range(2):
                call = await s.call("room")
                await call.wait_state("up", 10)
                await asyncio.sleep(0.3)
                for uuid in uuids(real.server):
                    assert real.server.api(
                        f"uuid_getvar {uuid} canary") == "_undef_"
                await call.hang_up()
            assert not tap.smuggled()
            for name, argument in tap.commands:
                if name == "originate":
                    assert "sofia/external" not in argument
        assert not any("<-" in t and " INVITE sip:" in t
                       for p in s.phones for t in p.endpoint.trace)
        await evil.register(0)


NEWLINE = "%0a2026-11-23 14:00:00.000000 99.00% [WARNING] sofia_reg.c:1842 " \
    "SIP auth failure (REGISTER) on sofia profile 'external' for " \
    "[user@meet.jitsi] from ip 192.0.2.99"


async def test_freeswitchs_log_cannot_be_made_to_accuse_others(real, ear):
    """Every line that a caller may have made up begins with the id of his
    channel, which no line of a failed password does."""
    async with Scene(real, ear) as s:
        text = NEWLINE.replace("% ", "%25 ")
        for c, code in ((" ", "%20"), ("[", "%5b"), ("]", "%5d"), (":", "%3a"),
                        ("@", "%40")):
            text = text.replace(c, code)
        p = await s.add_phone(display=NEWLINE)
        for number in ("room", text):
            call = await p.call(number, headers=[
                ("X-FS-Channel-Name", NEWLINE), ("X-A", NEWLINE)])
            await asyncio.sleep(0.5)
            await call.hang_up()
        stranger = await s.add_phone(password="wrong")
        await stranger.register()
        await asyncio.sleep(0.3)
        accused = re.findall(
            r"^\d{4}-\d\d-\d\d [\d:.]+ [\d.]+% \[WARNING\] sofia_reg\.c:\d+ "
            r"SIP auth failure \(\w+\) on sofia profile '\w+' for \[.*\] "
            r"from ip (\S+)$", real.server.log(), re.M)
        assert "192.0.2.99" in real.server.log()
        assert stranger.endpoint.ip in accused
        assert "192.0.2.99" not in accused
