"""Phones behind a NAT that changes ports, a gateway behind another one, each
network a namespace of its own:

  phones 192.168.7.10, .11 -- NAT 203.0.113.2 -- 203.0.113.1 NAT -- 10.0.0.2

The first NAT is nftables' masquerade with random ports, the second forwards
the ports of the gateway to it. A phone at 10.0.0.3 is on the gateway's side.
"""
import asyncio

import pytest

import sdp
import space
import sipmsg
from e2e.scene import Scene

WHY_NOT = space.missing()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

OUTSIDE, NAT = "203.0.113.1", "203.0.113.2"
GATEWAY, NEIGHBOUR = "10.0.0.2", "10.0.0.3"
PHONES = "192.168.7.10", "192.168.7.11"
FORGET_S = 18  # the NAT forgets a flow that was silent for so long


class Networks:
    def __init__(self):
        self.home, self.nat, self.edge, self.site = (
            space.Space() for _ in range(4))
        self.home.link("eth0", self.nat, "in")
        self.nat.link("out", self.edge, "out")
        self.edge.link("in", self.site, "eth0")
        self.home.run(
            "".join(f"ip addr add {ip}/24 dev eth0;" for ip in PHONES) +
            "ip route add default via 192.168.7.1")
        self.nat.run(
            f"ip addr add 192.168.7.1/24 dev in; ip addr add {NAT}/24 dev out;"
            "echo 1 > /proc/sys/net/ipv4/ip_forward;"
            "nft add table ip n; nft 'add chain ip n post "
            "{ type nat hook postrouting priority srcnat; }';"
            "nft add rule ip n post oifname out masquerade random;"
            # Nothing comes in that nobody inside has asked for.
            "nft 'add chain ip n f { type filter hook forward priority 0; }';"
            "nft add rule ip n f iifname out ct state new drop;"
            f"cd /proc/sys/net/netfilter; echo {FORGET_S} >"
            f" nf_conntrack_udp_timeout; echo {FORGET_S} >"
            " nf_conntrack_udp_timeout_stream")
        self.edge.run(
            f"ip addr add 10.0.0.1/24 dev in; ip addr add {OUTSIDE}/24 dev out;"
            "echo 1 > /proc/sys/net/ipv4/ip_forward;"
            "nft add table ip n; nft 'add chain ip n pre "
            "{ type nat hook prerouting priority dstnat; }';"
            f"nft add rule ip n pre ip daddr {OUTSIDE} udp dport"
            f" '{{ 5060, 20200-20999 }}' dnat to {GATEWAY};"
            "nft 'add chain ip n post "
            "{ type nat hook postrouting priority srcnat; }';"
            f"nft add rule ip n post oifname out snat to {OUTSIDE}")
        self.site.run(
            f"ip addr add {GATEWAY}/24 dev eth0;"
            f"ip addr add {NEIGHBOUR}/24 dev eth0;"
            "ip route add default via 10.0.0.1")

    def close(self):
        for s in (self.home, self.nat, self.edge, self.site):
            s.close()


@pytest.fixture(scope="module")
def networks():
    n = Networks()
    with n.site.entered():
        yield n
    n.close()


@pytest.fixture
def natted(networks, gateway_with):
    g = gateway_with(run=False, FREESWITCH_EXTERNAL_IP=GATEWAY,
                     FREESWITCH_EXTERNAL_EXT_IP=OUTSIDE,
                     FREESWITCH_LOCAL_NETWORK_ACL="rfc1918.auto")
    g.external = (GATEWAY, 5060)
    return g.start()


async def home_phone(s, networks, ip, **options):
    return await s.add_phone(ip=ip, server=(OUTSIDE, 5060),
                             space=networks.home, **options)


async def both_are_heard(s, call, meeting):
    await s.hears_tone(meeting, 600)
    await s.hears_tone(call, 600)


def told(call):
    """Addresses that the gateway told a phone: of its Contact, its audio."""
    return sipmsg.uri_parts(call.target)[1], call.remote_sdp.ip


async def test_two_phones_behind_one_nat(natted, networks, ear):
    async with Scene(natted, ear) as s:
        calls = []
        for i, ip in enumerate(PHONES):
            phone = await home_phone(s, networks, ip)
            assert (await phone.register()).status == 200
            call, meeting = await s.in_meeting(f"room{i}", phone=phone,
                                               say=600 + 300 * i)
            assert told(call) == (OUTSIDE, OUTSIDE)
            assert sdp.parse(call.invite.body).ip == ip
            calls.append((call, meeting))
        for i, (call, meeting) in enumerate(calls):
            await s.hears_tone(meeting, 600 + 300 * i)
            await s.hears_tone(call, 600 + 300 * i)
            await call.keys("*6")
            await meeting.wait(lambda m=meeting: m.muted, 4)
            await call.keys("*6")
        # A request of the gateway's own finds the way back.
        await calls[0][1].end()
        await calls[0][0].wait_state("ended", 10)
        assert calls[0][0].ended_by == "them"
        await calls[1][0].hang_up()
        await s.stats(activeCalls=0, registrations=3)


async def test_what_the_nat_changed_is_logged(natted, networks, ear):
    async with Scene(natted, ear) as s:
        phone = await home_phone(s, networks, PHONES[0])
        call, meeting = await s.in_meeting("room", phone=phone)
        await both_are_heard(s, call, meeting)
        log = natted.log()
        assert log.count("as_in_sdp=no") == 1, "the NAT changed no address"
        assert f"address={NAT}:{call.media.port} " not in log, \
            "the NAT changed no port"
        await call.hang_up()


async def ping(natted, networks, ear):
    """The OPTIONS that a registered phone gets."""
    async with Scene(natted, ear) as s:
        phone = await home_phone(s, networks, PHONES[0])
        seen = []
        phone.endpoint.on_request = lambda tx: (seen.append(tx.request),
                                                tx.respond(200))
        assert (await phone.register()).status == 200
        await phone.endpoint.until(lambda: seen, 20, "OPTIONS")
        return seen[0]


async def test_a_registered_phone_is_reached_where_it_came_from(
        natted, networks, ear):
    request = await ping(natted, networks, ear)
    assert request.method == "OPTIONS"
    assert PHONES[0] in request.uri
    assert f"source={NAT}:" in natted.log()


async def test_a_ping_names_the_outside_address(natted, networks, ear):
    request = await ping(natted, networks, ear)
    assert OUTSIDE in request.get("Contact")


async def test_the_neighbour_is_told_the_real_address(natted, ear):
    async with Scene(natted, ear) as s:
        call, meeting = await s.in_meeting("room", ip=NEIGHBOUR)
        assert told(call) == (GATEWAY, GATEWAY)
        await both_are_heard(s, call, meeting)
        await call.hang_up()


async def test_a_call_on_hold_outlives_the_nats_patience(natted, networks,
                                                         ear):
    """The phone holds and sends nothing for longer than the NAT
    remembers."""
    async with Scene(natted, ear) as s:
        phone = await home_phone(s, networks, PHONES[0])
        call, meeting = await s.in_meeting("room", phone=phone)
        await both_are_heard(s, call, meeting)
        assert (await call.reinvite("inactive")).status == 200
        assert not call.media.sending
        await s.hears_nothing(call)  # what was under way is there
        await asyncio.sleep(FORGET_S + 5)
        assert (await call.unhold()).status == 200
        await both_are_heard(s, call, meeting)
        await call.hang_up()
        await meeting.wait_state("ended", 5)


async def test_a_call_on_hold_keeps_its_port(natted, networks, ear):
    """Without packets of ours it would come back from another one."""
    async with Scene(natted, ear) as s:
        phone = await home_phone(s, networks, PHONES[0])
        call, meeting = await s.in_meeting("room", phone=phone)
        await both_are_heard(s, call, meeting)
        assert (await call.reinvite("inactive")).status == 200
        await s.hears_nothing(call)
        n = len(call.media.packets)
        await asyncio.sleep(FORGET_S + 5)
        later = len(call.media.packets) - n
        assert later and later == len(call.media.keepalives)
        known = set(call.media.decoders) | {call.media.our_event_pt}
        assert not known & {pt for _, pt in call.media.keepalives}
        assert (await call.unhold()).status == 200
        await both_are_heard(s, call, meeting)
        await call.hang_up()
        await meeting.wait_state("ended", 5)
    assert natted.log().count("audio source learnt") == 2


async def test_a_held_call_is_not_taken_for_a_silent_one(natted_impatient,
                                                         networks, ear):
    g = natted_impatient
    async with Scene(g, ear) as s:
        phone = await home_phone(s, networks, PHONES[0])
        call, meeting = await s.in_meeting("room", phone=phone)
        assert (await call.hold()).status == 200
        call.media.sending = False  # sendonly, but nothing to send
        phone.endpoint.deaf = True  # … and no answer to OPTIONS
        await asyncio.sleep(6)
        phone.endpoint.deaf = False
        assert call.state == "up" and "no audio" not in g.log()
        assert (await call.unhold()).status == 200
        await both_are_heard(s, call, meeting)
        await call.hang_up()


async def test_after_a_hold_silence_counts(natted_impatient, networks, ear):
    g = natted_impatient
    async with Scene(g, ear) as s:
        phone = await home_phone(s, networks, PHONES[0])
        call, meeting = await s.in_meeting("room", phone=phone)
        assert (await call.hold()).status == 200
        assert (await call.unhold()).status == 200
        call.media.frozen = True
        await asyncio.sleep(8)  # answers OPTIONS, more than once
        assert call.state == "up"
        assert g.log().count("no audio from the far side, but") >= 2
        phone.endpoint.deaf = True
        await meeting.wait_state("ended", 15)
        assert "no audio from the far side and no answer" in g.log()
        phone.endpoint.deaf = False


@pytest.fixture
def natted_impatient(networks, gateway_with):
    g = gateway_with(run=False, FREESWITCH_EXTERNAL_IP=GATEWAY,
                     FREESWITCH_EXTERNAL_EXT_IP=OUTSIDE,
                     FREESWITCH_LOCAL_NETWORK_ACL="rfc1918.auto",
                     JIGATE_MEDIA_TIMEOUT="3")
    g.external = (GATEWAY, 5060)
    return g.start()


async def test_reports_find_their_way_through_a_nat(natted, networks, ear):
    """The port that its NAT gives the phone's RTCP is learnt."""
    async with Scene(natted, ear) as s:
        phone = await home_phone(s, networks, PHONES[0])
        call, meeting = await s.in_meeting("room", phone=phone)
        await asyncio.sleep(4)
        assert not call.media.reports, "sent to a port that is a guess"
        call.media.report()
        await call.media.until(lambda: call.media.reports, 10, "a report")
        r = call.media.reports[0]
        assert r.source == (OUTSIDE, call.remote_sdp.port + 1)
        assert r.blocks[0].ssrc == call.media._ssrc
        await call.hang_up()
