"""Calls over IPv6, on either side or both, in a namespace of their own."""
import asyncio
import re

import pytest

import sdp
import space
from call import Refused
from e2e.scene import Scene

WHY_NOT = space.missing()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

PREFIX = "fd00:6a:1::"
GATEWAY = {6: (PREFIX + "1", PREFIX + "2"), 4: ("127.0.6.1", "127.0.6.2")}
PHONE = {6: PREFIX + "a", 4: "127.0.6.10"}
JIGASI = {6: PREFIX + "b", 4: "127.0.6.11"}
STRANGER = "fd00:6a:2::a"


@pytest.fixture(scope="module")
def network():
    s = space.Space()
    s.run(f"for i in 1 2 a b c; do ip -6 addr add {PREFIX}$i/128 dev lo"
          f" nodad; done; ip -6 addr add {STRANGER}/128 dev lo nodad;"
          "ip link add d0 type veth peer name d1; ip link set d0 up;"
          "ip link set d1 up; ip -6 addr add fd00:6a:3::1/64 dev d0 nodad;"
          # A host of loopback addresses alone is none of that family to many.
          "ip addr add 192.0.2.1/24 dev d0")
    with s.entered():
        yield s
    s.close()


@pytest.fixture
def gateway_on(network, gateway_with):
    """Makes a gateway with each side in one family."""
    def make(outside, inside, **settings):
        external, internal = GATEWAY[outside][0], GATEWAY[inside][1]
        settings = {"FREESWITCH_EXTERNAL_IP": external,
                    "FREESWITCH_EXTERNAL_EXT_IP": external,
                    "FREESWITCH_INTERNAL_IP": internal, **settings}
        g = gateway_with(run=False, **settings)
        g.external, g.internal = (external, 5060), (internal, 5060)
        return g.start()
    return make


async def both_are_heard(s, call, meeting):
    await s.hears_tone(meeting, 600)
    await s.hears_tone(call, 600)


def vias(call):
    return [via for r in call.requests for via in r.getall("Via")]


@pytest.mark.parametrize("outside,inside", ((6, 6), (6, 4), (4, 6)))
async def test_a_call_of_any_mixture(gateway_on, ear, outside, inside):
    g = gateway_on(outside, inside)
    async with Scene(g, ear, ip=JIGASI[inside]) as s:
        phone = await s.add_phone(ip=PHONE[outside])
        assert (await phone.register()).status == 200
        call, meeting = await s.in_meeting("room", phone=phone)
        for leg, ours, family in ((call, g.external[0], outside),
                                  (meeting, g.internal[0], inside)):
            text = leg.remote_sdp.text
            assert leg.remote_sdp.ip == ours
            assert text.count(f"IN IP{family} ") >= 2, text
            assert text.count(f"IN IP{family} ") == text.count(" IP"), text
            host = f"[{ours}]" if family == 6 else ours
            assert f"@{host}:5060" in leg.target
        await both_are_heard(s, call, meeting)
        await call.keys("*6")
        await s.hears_silence(meeting)
        await call.keys("*6")
        await s.hears_tone(meeting, 600)
        r = await call.hold()
        assert r.status == 200
        await s.hears_nothing(call)
        r = await call.unhold()
        assert r.status == 200
        await both_are_heard(s, call, meeting)
        await meeting.end()
        await call.wait_state("ended", 10)
        host = f"[{g.external[0]}]" if outside == 6 else g.external[0]
        assert vias(call) and all(f"/UDP {host}" in v for v in vias(call))
        await s.stats(activeCalls=0, registrations=2)


async def test_over_tcp(gateway_on, ear):
    g = gateway_on(6, 6)
    async with Scene(g, ear, ip=JIGASI[6], transport="tcp") as s:
        call, meeting = await s.in_meeting("room", ip=PHONE[6],
                                           transport="tcp")
        await both_are_heard(s, call, meeting)
        await call.hang_up()
        await meeting.wait_state("ended", 5)


async def test_audio_of_the_other_family_is_refused_with_a_reason(
        gateway_on, ear, monkeypatch):
    g = gateway_on(6, 6)
    async with Scene(g, ear, ip=JIGASI[6]) as s:
        def build(ip, *args, **kw):
            return build.real("127.0.6.10", *args, **kw)

        build.real = sdp.build
        monkeypatch.setattr("sdp.build", build)
        call = await s.call("room", ip=PHONE[6])
        with pytest.raises(Refused) as refused:
            await call.wait_state("up", 5)
        assert refused.value.status == 488
        assert refused.value.response.get("Warning").startswith("301 ")


async def test_registrations_outlive_a_restart(gateway_on, ear):
    g = gateway_on(6, 6)
    async with Scene(g, ear, ip=JIGASI[6]) as s:
        await s.stats(registrations=1)
        assert not await asyncio.to_thread(g.stop)
        await asyncio.to_thread(g.start)
        await s.stats(registrations=1)
        call, meeting = await s.in_meeting("room", ip=PHONE[6])
        await both_are_heard(s, call, meeting)
        await call.hang_up()
        await meeting.wait_state("ended", 5)


async def test_a_network_is_trusted_and_others_are_not(gateway_on, ear):
    g = gateway_on(6, 6, JIGATE_TRUSTED_NETWORKS=PREFIX + "/64")
    async with Scene(g, ear, ip=JIGASI[6]) as s:
        phone = await s.add_phone(ip=PHONE[6], password=None)
        call, meeting = await s.in_meeting("room", phone=phone)
        await call.hang_up()
        stranger = await s.add_phone(ip=STRANGER, password=None)
        call = await s.call("room", phone=stranger)
        with pytest.raises(Refused) as refused:
            await call.wait_state("up", 5)
        assert refused.value.status in (401, 407)


async def test_the_address_of_an_interface(gateway_on, ear):
    g = gateway_on(6, 4, FREESWITCH_EXTERNAL_IP="interface:ipv6/d0",
                   FREESWITCH_EXTERNAL_EXT_IP="interface:ipv6/d0")
    g.external = ("fd00:6a:3::1", 5060)
    async with Scene(g, ear, ip=JIGASI[4]) as s:
        call, meeting = await s.in_meeting("room", ip=PHONE[6])
        assert call.remote_sdp.ip == "fd00:6a:3::1"
        await both_are_heard(s, call, meeting)
        await call.hang_up()


async def reports(g, ear):
    async with Scene(g, ear, ip=JIGASI[6]) as s:
        call, meeting = await s.in_meeting("room", ip=PHONE[6])
        await call.media.until(lambda: call.media.reports, 10, "a report")
        assert call.media.reports[0].source == (
            g.external[0], call.media.remote[1] + 1)
        call.media.report()
        n = len(call.media.reports)
        await call.media.until(lambda: len(call.media.reports) > n, 10,
                               "an answer")
        block = call.media.reports[-1].blocks[0]
        assert block.lsr and block.dlsr
        await call.hang_up()


async def test_reports_come_over_ipv6(gateway_on, ear):
    await reports(gateway_on(6, 6), ear)


async def test_reports_over_ipv6_are_logged(gateway_on, ear):
    g = gateway_on(6, 6)
    await reports(g, ear)
    assert re.search(r"audio of the phone:.* rtt=", g.log())
