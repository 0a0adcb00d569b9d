"""SIP as phones and PBXs speak it: registration, digest, hold, timers."""
import asyncio

import pytest

import audio
import rtp
import sipmsg
import sipua
from call import Refused
from e2e.scene import Scene
from sipmsg import Message


async def silence_from(phone, seconds=1.5):
    """True when nothing comes to the phone for that long."""
    before = len(phone.endpoint.trace)
    await asyncio.sleep(seconds)  # what is awaited here is that nothing is
    return not any("<-" in line
                   for line in list(phone.endpoint.trace)[before:])


async def test_wrong_password_is_challenged_three_times(gateway_with, ear):
    async with Scene(gateway_with(), ear) as s:
        phone = await s.add_phone(password="wrong")
        phone.endpoint.timeout = 1
        for _ in range(2):
            r = await phone.register()
            assert r.status == 401
        with pytest.raises((sipua.Timeout, AssertionError)):
            for _ in range(4):
                assert (await phone.register()).status == 401
        assert await silence_from(phone)
        # Others are not the worse for it.
        other = await s.add_phone()
        assert (await other.register()).status == 200


async def test_an_unknown_user_looks_as_a_wrong_password(gateway_with, ear):
    async with Scene(gateway_with(), ear) as s:
        answers = []
        for user, password in (("user", "wrong"), ("nobody", "wrong")):
            phone = await s.add_phone(user=user, password=password)
            r = await phone.register()
            answers.append((r.status, r.reason, sorted(
                n for n, _ in r.headers)))
        assert answers[0] == answers[1]


async def test_an_unknown_caller_gets_one_challenge_then_nothing(gateway_with,
                                                                 ear):
    async with Scene(gateway_with(), ear) as s:
        phone = await s.add_phone(user="scanner", password=None)
        phone.endpoint.timeout = 2
        call = await phone.call("1000")
        with pytest.raises(Refused) as e:
            await call.wait_state("up")
        assert e.value.status in (401, 407)
        call = await phone.call("1000")
        await call.wait_state("ended")
        assert [r for r in call.responses if r.status > 100] == []
        await s.stats(activeCalls=0)


async def test_the_digest_user_is_the_authority_from_is_a_name(scene):
    async with scene() as s:
        phone = await s.add_phone(display="Ring <o\"ne>")
        phone.domain = "elsewhere.example"
        call, meeting = await s.join("room", phone)
        # FreeSWITCH can write no quote in a name: an apostrophe stands for it.
        assert 'Ring <o"ne>' in meeting.caller.replace("'", '"')


@pytest.mark.parametrize("mode, shown", (
    ("full", "Anna"), ("number", "user"), ("none", "Phone")))
async def test_how_the_caller_is_named(gateway_with, ear, mode, shown):
    async with Scene(gateway_with(JIGATE_CALLER_NAME=mode), ear) as s:
        call, meeting = await s.join()
        assert shown in meeting.caller
        if mode != "full":
            assert "Anna" not in meeting.caller


async def test_two_contacts_of_one_user(scene):
    async with scene() as s:
        first, second = await s.add_phone(), await s.add_phone()
        for phone in (first, second):
            assert (await phone.register()).status == 200
        await s.stats(registrations=3)  # and Jigasi's
        assert (await first.register()).status == 200
        await s.stats(registrations=3)
        await first.register(0)
        await s.stats(registrations=2)
        calls = [await s.call(f"r{n}", p)
                 for n, p in enumerate((first, second))]
        for call in calls:
            await call.wait_state("up")
        await second.register(0)


async def test_registration_runs_out(scene):
    async with scene() as s:
        phone = await s.add_phone()
        r = await phone.register(expires=1)
        if r.status == 423:  # Interval Too Brief is as good
            assert int(r.get("Min-Expires")) > 1
            return
        await s.stats(registrations=1, timeout=phone.granted + 3)


async def test_jigasi_is_granted_60_seconds(scene):
    async with scene() as s:
        assert s.jigasi.granted == 60


async def test_jigasi_is_pinged_and_called_from_where_it_registered(scene):
    async with scene() as s:
        await s.jigasi.endpoint.until(lambda: s.jigasi.pings, 20, "OPTIONS")
        await s.join()
        assert s.jigasi.endpoint.dropped == []
        assert s.jigasi.endpoint.accept_from == {s.gateway.internal}


async def test_registrations_outlive_a_restart(gateway_with, ear):
    g = gateway_with()
    async with Scene(g, ear) as s:
        phone = await s.add_phone()
        await phone.register()
        await s.stats(registrations=2)
        g.terminate()
        assert await asyncio.to_thread(g.wait_end) == 0
        await asyncio.to_thread(g.start)
        await s.stats(registrations=2)
        # Jigasi has not registered again, and is called all the same.
        call, meeting = await s.join()
        await s.hears(call, "in-conference")


async def test_hold_and_unhold(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await s.hears_tone(call, 600)
        for direction in ("sendonly", "inactive"):
            r = await call.reinvite(direction)
            assert r.status == 200
            quiet = len(call.media.packets)
            await asyncio.sleep(0.5)  # that nothing comes is the event
            assert len(call.media.packets) <= quiet + 2
            assert (await call.unhold()).status == 200
            await s.hears_tone(call, 600)
            await s.hears_tone(meeting, 600)
        stats = meeting.media.stats()
        assert stats.sources == 1 and stats.largest_gap_ms < 1000, \
            "a stream that stops would be hung up"


async def test_the_meeting_is_sent_rtp_while_the_phone_holds(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await s.hears_tone(meeting, 600)
        voice, first = call.media.source, len(meeting.media.packets)
        for direction in ("sendonly", "inactive"):
            call.media.source = lambda: None  # whatever was said: no RTP
            assert (await call.reinvite(direction)).status == 200
            # Longer than what was under way and the time before it begins.
            await meeting.media.until(meeting.media.flowing(100), 5,
                                      "audio while the phone holds")
            mark = meeting.media.mark()
            await meeting.media.until(meeting.media.flowing(25), 2)
            assert audio.level(meeting.media.heard(mark)) < -60
            assert (await call.unhold()).status == 200
            call.media.source = voice
            await s.hears_tone(meeting, 600)
        stats = meeting.media.stats(first)
        assert (stats.sources, stats.lost, stats.out_of_order,
                stats.breaks) == (1, 0, 0, 0), stats
        assert stats.largest_gap_ms < 1000


async def test_hold_the_old_way_by_address_0(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        ip = call.media.ip
        call.media.ip = "0.0.0.0"
        assert (await call.reinvite("sendonly")).status == 200
        call.media.ip = ip
        assert (await call.unhold()).status == 200
        await s.hears_tone(call, 600)


async def test_jigasi_reinvites(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        assert (await meeting.reinvite("sendonly")).status == 200
        assert (await meeting.reinvite("sendrecv")).status == 200
        await s.hears_tone(call, 600)


async def test_a_reinvite_without_an_offer(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        assert (await call.reinvite(offer=False)).status == 200
        await s.hears_tone(call, 600)


async def test_the_phone_moves_its_audio(scene):
    """A re-INVITE with another port, as after a change of network."""
    async with scene() as s:
        call, meeting = await s.in_meeting()
        old = call.media
        new = rtp.Session(call.media.ip)
        await new.start()
        new.source = old.source
        call.media = new
        assert (await call.reinvite()).status == 200
        old.close()
        await s.hears_tone(call, 600)
        await s.hears_tone(meeting, 600)


async def test_info_both_ways(scene):
    """Jigasi's JSON in; and INFO of the phone is not passed on."""
    async with scene() as s:
        call, meeting = await s.in_meeting()
        await meeting.heartbeat()
        await meeting.wait(lambda: meeting.heartbeats == 1)
        r = await call.info({"t": 11})
        assert r.status in (200, 415)
        await meeting.heartbeat()
        await meeting.wait(lambda: meeting.heartbeats == 2)
        assert meeting.messages == [{"t": 11}] * 2


async def test_session_timer_of_the_phone(scene):
    timers = [("Supported", "timer"), ("Session-Expires", "90;refresher=uac"),
              ("Min-SE", "90")]
    async with scene() as s:
        phone = await s.add_phone()
        call = await phone.call("room", timers)
        call.media.source = audio.tone(600)
        await call.wait_state("up")
        meeting = await s.jigasi.next_call()
        assert meeting.invite.get("Session-Expires") is None
        assert "timer" not in (meeting.invite.get("Supported") or "")
        agreed = call.answer.get("Session-Expires")
        assert agreed is not None and agreed.startswith("90")
        assert "refresher=uac" in agreed
        await s.hears(call, "in-conference")
        r = await call.reinvite(headers=timers)
        assert r.status == 200 and "90" in r.get("Session-Expires", "")
        r = await call.request("UPDATE", headers=timers)
        assert r.status == 200
        await s.hears_tone(call, 600)


async def test_a_session_timer_too_short(scene):
    async with scene() as s:
        phone = await s.add_phone()
        call = await phone.call("room", [("Supported", "timer"),
                                         ("Session-Expires", "10"),
                                         ("Min-SE", "10")])
        try:
            await call.wait_state("up")
            assert int(call.answer.get(
                "Session-Expires", "90").split(";")[0]) >= 90
        except Refused as e:
            assert e.status == 422
            assert int(e.response.get("Min-SE")) >= 90


async def test_options(scene):
    async with scene() as s:
        phone = await s.add_phone()
        call, meeting = await s.join("room", phone)
        assert (await call.request("OPTIONS")).status == 200
        assert (await meeting.request("OPTIONS")).status == 200
        m = Message("OPTIONS", "sip:meet.jitsi")
        m.add("From", f"<{s.jigasi.aor}>;tag=1").add("To", "<sip:meet.jitsi>")
        m.add("Call-ID", sipmsg.token()).add("CSeq", "1 OPTIONS")
        r = await s.jigasi.endpoint.request(m, s.gateway.internal)
        assert r.status == 200


async def test_methods_that_are_not_for_us(scene):
    async with scene() as s:
        call, meeting = await s.in_meeting()
        # FreeSWITCH knows no REFER where it may transfer nothing, and takes a
        # MESSAGE to throw it away.
        for method, refusals in (("REFER", (403, 405)),
                                 ("MESSAGE", (405, 202)),
                                 ("SUBSCRIBE", (405,)),
                                 ("PUBLISH", (405,))):
            r = await call.request(method, headers=[
                ("Refer-To", "<sip:x@example.org>"), ("Event", "x"),
                ("Contact", f"<{call.endpoint.local_uri('user')}>")])
            assert r.status in refusals, method
        await s.hears_tone(call, 600)
        assert not [m for m in meeting.requests if m.method != "ACK"]


async def test_a_lost_ack_and_repeated_requests(scene):
    """UDP loses: INVITE and BYE come twice, the ACK never."""
    async with scene() as s:
        phone = await s.add_phone()
        lost = []
        send = phone.endpoint.send

        def lossy(m, dest):
            if isinstance(m, Message) and m.method == "ACK" and \
                    len(lost) < 2:
                lost.append(m)
                return
            send(m, dest)
            if isinstance(m, Message) and m.is_request:
                send(m, dest)
        phone.endpoint.send = lossy
        call, meeting = await s.join("room", phone)
        await s.hears(call, "in-conference")
        assert len(lost) == 2
        await call.hang_up()
        await meeting.wait_state("ended")
        assert len(s.jigasi.calls) == 1


async def test_a_retransmitted_nonce_is_used_up(gateway_with, ear):
    """The same Authorization a second time is a replay: challenged."""
    async with Scene(gateway_with(), ear) as s:
        phone = await s.add_phone()
        sent = []
        request = phone.endpoint.request

        async def spy(m, dest, **kw):
            sent.append(m)
            return await request(m, dest, **kw)
        phone.endpoint.request = spy
        assert (await phone.register()).status == 200
        again = Message("REGISTER", sent[-1].uri)
        again.headers = [(n, v) for n, v in sent[-1].headers if n != "Via"]
        again.set("CSeq", "77 REGISTER").set("Call-ID", "replay")
        r = await request(again, phone.server)
        assert r.status == 401
