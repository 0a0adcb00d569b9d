"""The program as operators run it: limits, draining, what it tells."""
import asyncio
import pathlib
import signal
import subprocess

import pytest

from call import Refused
from e2e.scene import Scene
from jigasi import Plan
from places import BINARY


async def refused_503(s, number="late"):
    call = await s.call(number)
    with pytest.raises(Refused) as e:
        await call.wait_state("up")
    assert e.value.status == 503
    return e.value.response


async def test_the_ports_bound_the_calls(gateway_with, ear):
    """JIGATE_MAX_CALLS=0: as many as there are RTP ports."""
    g = gateway_with(FREESWITCH_RTP_START_PORT="20200",
                     FREESWITCH_RTP_END_PORT="20203")
    async with Scene(g, ear) as s:
        calls = [await s.join(f"room{i}") for i in range(2)]
        third = await s.call("room2")
        with pytest.raises(Refused) as refused:
            await third.wait_state("up")
        assert refused.value.status == 503
        assert int(refused.value.response.get("Retry-After")) > 0
        assert len(s.jigasi.calls) == 2
        for call, meeting in calls:
            await call.hang_up()
            await meeting.wait_state("ended", 5)
        await s.stats(activeCalls=0)
        call, meeting = await s.join("room2")
        await call.hang_up()


async def test_one_call_more_than_allowed(gateway_with, ear):
    async with Scene(gateway_with(JIGATE_MAX_CALLS=2), ear) as s:
        one, _ = await s.join("one")
        two, _ = await s.join("two")
        r = await refused_503(s)
        assert int(r.get("Retry-After")) > 0
        await s.hears_tone(one, 600)
        await s.stats(activeCalls=2)
        await two.hang_up()
        await s.stats(activeCalls=1)
        three, _ = await s.join("three")
        await s.hears(three, "in-conference")


async def test_no_port_left_is_503(gateway_with, ear):
    g = gateway_with(FREESWITCH_RTP_START_PORT=20200,
                     FREESWITCH_RTP_END_PORT=20203)
    g.expect_error("port|no Jigasi left")  # FreeSWITCH finds out by dialling
    async with Scene(g, ear) as s:
        one, _ = await s.join("one")
        two, _ = await s.join("two")
        await refused_503(s)
        await s.hears_tone(one, 600)
        await s.hears_tone(two, 600)
        await one.hang_up()
        await s.stats(activeCalls=1)
        await s.join("three")


async def test_sigterm_lets_calls_go_on(gateway_with, ear):
    g = gateway_with()
    async with Scene(g, ear) as s:
        call, meeting = await s.in_meeting()
        assert g.get("/ready")[0] == 200
        g.terminate()
        end = asyncio.get_running_loop().time() + 3
        while (await asyncio.to_thread(g.get, "/ready"))[0] != 503:
            assert asyncio.get_running_loop().time() < end
            await asyncio.sleep(0.02)
        assert g.get("/health")[0] == 200
        await refused_503(s)
        await s.hears_tone(call, 600)
        await call.keys("*6")
        await s.hears(call, "muted")
        await s.stats(activeCalls=1)
        await call.hang_up()
        assert await asyncio.to_thread(g.wait_end, 5) == 0


async def test_a_second_sigterm_ends_calls_with_bye(gateway_with, ear):
    g = gateway_with()
    async with Scene(g, ear) as s:
        call, meeting = await s.in_meeting()
        s.jigasi.plan(Plan(on_demand=True))
        ringing = await s.call("other")
        waiting = await s.jigasi.next_call()
        g.terminate()
        await s.stats(activeCalls=2)
        g.terminate()
        for c in (call, meeting, ringing):
            await c.wait_state("ended", 8)
            assert c.ended_by == "them"
        await waiting.wait(lambda: waiting.state == "ended", 8)
        assert await asyncio.to_thread(g.wait_end, 8) == 0


async def test_drain_timeout(gateway_with, ear):
    g = gateway_with(JIGATE_DRAIN_TIMEOUT=1)
    async with Scene(g, ear) as s:
        call, meeting = await s.in_meeting()
        g.terminate()
        await call.wait_state("ended", 8)
        await meeting.wait_state("ended", 8)
        assert await asyncio.to_thread(g.wait_end, 8) == 0


async def test_a_call_has_its_longest_time(gateway_with, ear):
    g = gateway_with(JIGATE_MAX_CALL_DURATION=1)
    async with Scene(g, ear) as s:
        call, meeting = await s.in_meeting()
        await s.hears(call, "goodbye", 70)
        await call.wait_state("ended", 10)
        await meeting.wait_state("ended")


def test_http(gateway):
    for path, member in (("/stats", "activeCalls"), ("/health", "status"),
                         ("/ready", "status")):
        status, headers, text = gateway.get(path)
        assert status == 200 and member in text
        assert headers["Content-Type"] == "application/json"
    stats = gateway.stats()
    assert set(stats) >= {"activeCalls", "internalProfileRunning",
                          "externalProfileRunning", "registrations"}
    assert type(stats["activeCalls"]) is int
    assert type(stats["registrations"]) is int
    assert type(stats["internalProfileRunning"]) is bool
    assert gateway.get("/nothing")[0] == 404
    assert gateway.get("/stats", "POST")[0] in (405, 501)


def run(*args, **env):
    return subprocess.run(
        [BINARY, *args], env=env, capture_output=True, text=True, timeout=20)


def test_check_tells_every_fault_at_once(gateway):
    good = gateway.folder / "jigate.env"
    assert run("--config", str(good), "--check").returncode == 0
    r = run("--config", str(good), "--check", REST_PORT="x",
            JIGATE_MAX_CALLS="-1", JIGASI_SIP_PASSWORD="password",
            JIGATE_ANSWER="perhaps")
    assert r.returncode == 2
    for name in ("REST_PORT", "JIGATE_MAX_CALLS", "JIGASI_SIP_PASSWORD",
                 "JIGATE_ANSWER"):
        assert name in r.stderr
    assert gateway.password not in r.stdout + r.stderr


def test_secrets_come_from_files_too(gateway_with, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("from-a-file-99\n")
    g = gateway_with(run=False, FREESWITCH_REGISTRATION_PASSWORD_FILE=secret)
    del g.settings["FREESWITCH_REGISTRATION_PASSWORD"]
    g.password = "from-a-file-99"
    g.start()


def test_a_taken_port_is_told_and_ends_the_start(gateway_with, gateway):
    g = gateway_with(run=False)
    taken = gateway.folder / "jigate.env"
    text, port = taken.read_text(), "8080"
    if gateway.engine == "embedded":  # it has SIP's ports, too
        text, port = text.replace("8080", "8081"), "5060"
    config = pathlib.Path(g.folder) / "second.env"
    config.write_text(text)
    r = run("--config", str(config))
    assert r.returncode == 1
    assert port in r.stderr


async def test_a_killed_gateway_finds_its_registrations(gateway_with, ear):
    g = gateway_with()
    async with Scene(g, ear) as s:
        await s.stats(registrations=1)
        stored = pathlib.Path(g.settings["JIGATE_STATE_DIR"],
                              "registrations.json")
        contact = s.jigasi.endpoint.local_uri("jigasi")
        if g.engine == "embedded":  # FreeSWITCH was not killed
            await s.jigasi.endpoint.until(
                lambda: stored.exists() and contact in stored.read_text(), 5,
                "the registration on disk")
        g.process.send_signal(signal.SIGKILL)
        g.process.wait()
        await asyncio.to_thread(g.start)
        await s.stats(registrations=1)
        await s.join()
