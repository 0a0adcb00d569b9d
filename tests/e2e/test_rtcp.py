"""Reports about the audio (RTCP), with our own far side and with baresip."""
import asyncio
import re
import shutil

import pytest

import rtcp
from e2e.baresip import Baresip
from e2e.scene import Scene


def figures(gateway, whose):
    """The line that was logged at the end of a leg, as a dict of numbers."""
    line = re.findall(rf"audio of the {whose}:(.*)", gateway.log())[-1]
    return {k: float(re.match(r"[\d.]+", v)[0])
            for k, v in re.findall(r"(\w+)=(\S+)", line)}


async def next_report(call, timeout=8):
    n = len(call.media.reports)
    await call.media.until(lambda: len(call.media.reports) > n, timeout,
                           "a report")
    return call.media.reports[-1]


async def first_report(call):
    """It tells of what was sent to us."""
    r = await next_report(call)
    assert r.kind == rtcp.SR
    assert r.source == (call.media.remote[0], call.media.remote[1] + 1)
    ntp, ts, packets, octets = r.sender
    assert abs((rtcp.ntp() - ntp) / 2**32) < 2, "another wall clock"
    mine = len(call.media.packets)
    assert abs(packets - mine) < 60 and octets == 160 * packets
    assert abs((ts - call.media.packets[-1][2] + 2**31) % 2**32 - 2**31) \
        < 8000, "time stamps do not go with the audio"
    assert r.ssrc == call.media.packets[-1][3]
    return r


async def test_both_sides_get_reports(gateway, ear):
    async with Scene(gateway, ear) as s:
        call, meeting = await s.in_meeting("room")
        r = await first_report(call)
        assert [b.ssrc for b in r.blocks] == [call.media._ssrc]
        await next_report(meeting)
        second = await next_report(call)
        assert second.cname == r.cname and second.sender[2] > r.sender[2]
        await call.hang_up()
        await s.stats(activeCalls=0)


async def test_reports_tell_what_was_sent_and_heard(gateway, ear):
    async with Scene(gateway, ear) as s:
        call, meeting = await s.in_meeting("room")
        r = await first_report(call)
        packets = r.sender[2]
        assert re.fullmatch("[0-9a-f]{16}", r.cname)
        block, = r.blocks
        assert block.ssrc == call.media._ssrc
        assert (block.lost, block.fraction, block.lsr) == (0, 0, 0)
        await next_report(meeting)
        # 5 s on the average, 2 to 6.2 s each (RFC 3550, section 6.3).
        second = await next_report(call)
        times = [x.at for x in call.media.reports]
        assert all(2.0 < b - a < 7.0 for a, b in zip(times, times[1:])), times
        assert second.cname == r.cname
        assert second.sender[2] > packets
        close, meeting.media.close = meeting.media.close, lambda: None
        await call.hang_up()
        await meeting.media.until(lambda: meeting.media.reports[-1].bye, 5,
                                  "BYE")
        close()
        await s.stats(activeCalls=0)


async def test_loss_and_round_trip_are_logged_per_leg(gateway, ear):
    async with Scene(gateway, ear) as s:
        call, meeting = await s.in_meeting("room")
        await next_report(call)
        sent = call.media.sent[0]
        call.media._seq = (call.media._seq + 100) % 65536  # lost on the way
        await next_report(call)
        call.media.report(lost=30, fraction=20, jitter=80)
        await asyncio.sleep(0.2)
        call.media.report(lost=31, fraction=20, jitter=80)
        lost = (await next_report(call)).blocks[0]
        assert lost.lost == 100
        await call.hang_up()
        await s.stats(activeCalls=0)
    phone, jigasi = figures(gateway, "phone"), figures(gateway, "meeting")
    share = 100 * 100 / (100 + phone["received"])
    assert phone["received"] > sent
    assert abs(phone["lost"] - share) < 0.2
    assert abs(phone["far_lost"] - 100 * 31 / phone["sent"]) < 0.2
    assert phone["far_jitter"] == 10.0
    assert 0 <= phone["rtt"] < 200
    assert phone["mos"] < 4.0 < jigasi["mos"] <= 4.41
    assert 1 < phone["far_mos"] <= 4.41
    assert "far_mos" not in jigasi and "rtt" not in jigasi


async def test_one_port_for_both_where_the_phone_offers_it(gateway, ear):
    async with Scene(gateway, ear) as s:
        phone = await s.add_phone()
        call = phone.make_call()
        call.attributes = ["rtcp-mux"]
        await phone.dial(call, "room")
        await call.wait_state("up", 10)
        assert "a=rtcp-mux\r\n" in call.remote_sdp.text
        r = await next_report(call)
        assert r.source == call.media.remote
        call.media.report()
        r = await next_report(call)
        assert r.blocks == () or r.blocks[0].lsr
        assert (await call.hold()).status == 200
        assert "a=rtcp-mux\r\n" in call.remote_sdp.text
        n = len(call.media.packets)
        r = await next_report(call)   # goes on, and keeps the NAT open
        assert r.source == call.media.remote and not call.media.keepalives
        assert len(call.media.packets) < n + 50
        await call.hang_up()


async def test_a_port_of_its_own_is_used(gateway, ear):
    """a=rtcp of RFC 3605."""
    async with Scene(gateway, ear) as s:
        phone = await s.add_phone()
        call = phone.make_call()
        second = phone.make_call()
        call.attributes = [f"rtcp:{second.media.port + 1}"]
        await second.media.start()
        await phone.dial(call, "room")
        await call.wait_state("up", 10)
        await second.media.until(lambda: second.media.reports, 8, "a report")
        assert not call.media.reports
        await call.hang_up()


HOSTILE = {
    "empty": b"",
    "short": b"\x80",
    "zeros": bytes(200),
    "no report first": rtcp.head(1, rtcp.BYE, b"\1\2\3\4"),
    "too many blocks": b"\x9f\xc9\0\x01\1\2\3\4",
    "length beyond": b"\x80\xc9\xff\xff\1\2\3\4",
    "longer than a packet may be": b"\x80\xc9\0\x01\1\2\3\4" * 200,
}


async def hostile_reports(gateway, ear):
    async with Scene(gateway, ear) as s:
        call, meeting = await s.in_meeting("room")
        media = call.media
        await next_report(call)
        for data in HOSTILE.values():
            media.report_raw(data)
        media.report_raw(rtcp.encode(1234, blocks=[media.block()], bye=True))
        media.report(lost=0x7FFFFF, fraction=255)
        media.report(jitter=0xFFFFFFFF)
        media.report(lsr=0x12345678)
        other = await s.add_phone()
        stranger = other.make_call()
        await stranger.media.start()
        stranger.media.report_raw(rtcp.encode(
            media._ssrc, blocks=[media.block(lost=9)]),
            (media.remote[0], media.remote[1] + 1))
        media.report(bye=True)        # says that it leaves, but stays
        await s.hears_tone(meeting, 600)
        await s.hears_tone(call, 600)
        assert call.state == meeting.state == "up"
        await next_report(call)
        await call.hang_up()
        await s.stats(activeCalls=0)
        stranger.media.close()


async def test_hostile_reports_change_nothing(gateway, ear):
    await hostile_reports(gateway, ear)


async def test_hostile_reports_are_counted(gateway, ear):
    await hostile_reports(gateway, ear)
    seen = re.findall(r"reports closed leg=\d+ sent=\d+ taken=(\d+) "
                      r"malformed=(\d+) foreign=(\d+) implausible=(\d+)",
                      gateway.log())
    assert ("1", str(len(HOSTILE)), "2", "3") in seen, seen[-2:]
    phone = figures(gateway, "phone")
    assert phone["far_lost"] == 0 and phone["rtt"] < 100


@pytest.mark.skipif(not shutil.which("baresip"), reason="no baresip here")
@pytest.mark.parametrize("options", ("", ";rtcp_mux=yes",
                                     ";mediaenc=srtp-mand"))
async def test_baresips_reports_are_understood(gateway, ear, tmp_path,
                                               options):
    async with Scene(gateway, ear) as s, \
            Baresip(tmp_path / "baresip", gateway, options=options,
                    modules=["srtp"]) as b:
        await s.stats(registrations=2, timeout=10)
        b.type("/dial room\n")
        meeting = await s.jigasi.next_call(10)
        await b.says("Call established", 15)
        await s.hears_tone(meeting, 600)
        await asyncio.sleep(14)       # it reports every 5 s or so
        b.type("s")                   # what it thinks of the call
        await asyncio.sleep(1)
        await meeting.end()
        await b.says("terminated", 15)
        await s.stats(activeCalls=0)
    phone = figures(gateway, "phone")
    assert phone["far_lost"] == 0 and phone["lost"] < 1
    # Of nothing at all there would be no rtt; that of loopback may be 0.0.
    assert 0 <= phone["rtt"] < 100 and phone["far_mos"] > 4.0
