"""The engine on FreeSWITCH against a recording of one: runs everywhere, no
FreeSWITCH needed."""
import asyncio
import contextlib
import time

import pytest

import esl_replay
from gateway import Gateway
from places import BINARY, ROOT, SOUNDS

RECORDINGS = ROOT / "tests/data/esl"
RECORDING = RECORDINGS / "calls.bin.xz"
OTHERS = sorted(p for p in RECORDINGS.glob("*.bin.xz") if p != RECORDING)
PASSWORD = "esl-secret-77"


class OnReplay(Gateway):
    engine = "freeswitch"

    def engine_settings(self):
        self.esl = (f"{self.net}.3", 8021)
        return {"FREESWITCH_SERVER": self.esl[0],
                "FREESWITCH_ESL_PASSWORD": PASSWORD,
                "FREESWITCH_EXTERNAL_IP": self.external[0],
                "FREESWITCH_INTERNAL_IP": self.internal[0]}

    def wait_ready(self, timeout=20):
        """Not before a FreeSWITCH is there: alive is all we ask."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            try:
                self.stats()
                return
            except OSError:
                time.sleep(0.02)
        raise TimeoutError(self.log()[-3000:])


@pytest.fixture
def gateway(tmp_path):
    g = OnReplay(tmp_path, BINARY, SOUNDS)
    g.expect_error("no Jigasi|Jigasi is registered|not taken")
    yield g
    wrong = g.stop()
    assert not wrong, "\n".join(wrong) + g.log()[-3000:]


async def stats(g, timeout, **wanted):
    """Wait until /stats says so; returns how long it took."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    while True:
        got = await loop.run_in_executor(None, g.stats)
        if all(got.get(k) == v for k, v in wanted.items()):
            return loop.time() - start
        assert loop.time() - start < timeout, f"wanted {wanted}, got {got}"
        await asyncio.sleep(0.02)


UP = {"internalProfileRunning": True, "externalProfileRunning": True}
DOWN = {"internalProfileRunning": False, "externalProfileRunning": False,
        "activeCalls": 0}


async def test_freeswitch_comes_goes_and_comes_back(gateway):
    gateway.start()
    await stats(gateway, 1, **DOWN)
    await asyncio.sleep(3)
    for _ in range(3):
        async with esl_replay.Replay(*gateway.esl, PASSWORD) as r:
            await stats(gateway, 2, **UP)
            assert r.logins == 1
        await stats(gateway, 1, **DOWN)


async def test_a_cut_connection_is_back_at_once(gateway):
    gateway.start()
    async with esl_replay.Replay(*gateway.esl, PASSWORD) as r:
        await stats(gateway, 2, **UP)
        for i in range(5):
            r.cut()
            while r.logins == i + 1:
                await asyncio.sleep(0.01)
            await stats(gateway, 2, **UP)


async def test_the_trunk_is_there_again_with_the_connection(gateway):
    gateway.start()
    for _ in range(2):
        async with esl_replay.Replay(*gateway.esl, PASSWORD, trunk="REGED"):
            await stats(gateway, 5, trunkRegistered=True)
        await stats(gateway, 1, trunkRegistered=False)
    assert gateway.log().count("trunk registered: ") == 2


@pytest.mark.parametrize("piece", (0, 1, 997))
async def test_recorded_calls_are_understood_however_they_arrive(gateway,
                                                                piece):
    gateway.start()
    raw = esl_replay.read_recording(RECORDING)
    everything = b"".join(esl_replay.events(raw))
    if piece == 1:
        everything = everything[:150000]
    async with esl_replay.Replay(*gateway.esl, PASSWORD) as r:
        await stats(gateway, 2, **UP)
        await r.say(everything, piece)
        calls = esl_replay.calls(everything)
        loop = asyncio.get_running_loop()
        end = loop.time() + 20
        while (gateway.log().count(" offered to="),
               gateway.log().count(" ended: ")) != calls:
            assert loop.time() < end, (calls, gateway.log())
            await asyncio.sleep(0.05)
        await stats(gateway, 5, activeCalls=calls[0] - calls[1], **UP)
        assert r.logins == 1


async def test_what_was_said_to_others_changes_nothing(gateway):
    """Events of an older service, in JSON and plain: calls not ours."""
    gateway.start()
    assert len(OTHERS) == 9
    async with esl_replay.Replay(*gateway.esl, PASSWORD) as r:
        await stats(gateway, 2, **UP)
        for path in OTHERS:
            raw = esl_replay.read_recording(path)
            await r.say(b"".join(esl_replay.events(raw, ("plain", "json"))))
            await stats(gateway, 2, activeCalls=0, **UP)
        assert r.logins == 1
        assert "offered to=" not in gateway.log()


async def test_replies_to_others_end_the_connection_and_nothing_else(
        gateway):
    gateway.start()
    async with esl_replay.Replay(*gateway.esl, PASSWORD) as r:
        for n, path in enumerate(OTHERS, 1):
            await stats(gateway, 2, **UP)
            with contextlib.suppress(ConnectionError):
                await r.say(esl_replay.read_recording(path))
            end = asyncio.get_running_loop().time() + 5
            while r.logins == n:
                assert asyncio.get_running_loop().time() < end, path
                await asyncio.sleep(0.01)
        await stats(gateway, 2, activeCalls=0, **UP)
        assert gateway.log().count("a reply to nothing that was asked")


def heartbeat(sequence):
    text = f"Event-Name: HEARTBEAT\nEvent-Sequence: {sequence}\n\n"
    return (f"Content-Length: {len(text)}\n"
            f"Content-Type: text/event-plain\n\n{text}").encode()


async def test_lost_events_are_made_good_by_asking_for_the_calls(gateway):
    """FreeSWITCH numbers all events, also those not for us: a small step is
    no loss, one of 100,000 is."""
    gateway.start()

    def asked():
        return sum(c.startswith("bgapi show channels") for c in r.commands)

    async with esl_replay.Replay(*gateway.esl, PASSWORD) as r:
        await stats(gateway, 2, **UP)
        end = asyncio.get_running_loop().time() + 5
        while asked() < 3:  # at once, after 0.5 s and 2.5 s: rare from then on
            assert asyncio.get_running_loop().time() < end
            await asyncio.sleep(0.02)
        before = asked()
        await r.say(heartbeat(1000) + heartbeat(1500) + heartbeat(1400))
        await asyncio.sleep(1)
        assert asked() == before
        await r.say(heartbeat(101400))
        end = asyncio.get_running_loop().time() + 3
        while asked() == before:
            assert asyncio.get_running_loop().time() < end, gateway.log()
            await asyncio.sleep(0.02)
        assert "events from 1400 to 101400 are missing" in gateway.log()
        assert r.logins == 1


async def test_wrong_password_is_told_and_not_hammered(gateway):
    gateway.start()
    async with esl_replay.Replay(*gateway.esl, "another") as r:
        await asyncio.sleep(3)
        tries = sum(c.startswith("auth ") for c in r.commands)
        assert 1 <= tries <= 8, r.commands
        assert "FREESWITCH_ESL_PASSWORD" in gateway.log()
        assert PASSWORD not in gateway.log()
