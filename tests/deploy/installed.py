"""A gateway that somebody else runs, Docker or systemd, with the surface of
tools/gateway.py: scenes take place on it as on any other."""
import asyncio
import contextlib
import re

import pytest

from e2e.scene import Scene
from gateway import COMMON, Embedded


class Installed(Embedded):
    """start(), stop() and log() are the fixture's matter."""

    def __init__(self, folder, **settings):
        super().__init__(folder, None, None, **settings)
        for name in ("JIGATE_SOUNDS_DIR", "JIGATE_STATE_DIR"):
            del self.settings[name]  # the installation knows

    def wait_ready(self, timeout=20):
        self.process = Always()
        try:
            super().wait_ready(timeout)
        finally:
            self.process = None


class Always:
    """In place of a process that is not our child."""

    def poll(self):
        return None


PASSWORDS = {name: COMMON[name] for name in (
    "FREESWITCH_REGISTRATION_PASSWORD", "JIGASI_SIP_PASSWORD")}


async def call_into_meeting(scene, number="lunch"):
    """Phone, gateway, meeting, the voice there and back, and /stats."""
    call, meeting = await scene.in_meeting(number)
    await scene.hears_tone(call, 600)
    stats = await scene.stats(activeCalls=1, internalProfileRunning=True,
                              externalProfileRunning=True)
    assert stats["registrations"] >= 1
    await call.hang_up()
    await meeting.wait_state("ended", 10)
    await scene.stats(activeCalls=0)


async def doctor_tells_of_jigasi(gateway, ear):
    """jigate doctor, run where the gateway is: its fault is that no Jigasi is
    registered, until one is."""
    with pytest.raises(AssertionError) as alone:
        gateway.ask("doctor")
    faults = re.findall(r"(?m)^fault +(.*)", str(alone.value))
    assert faults == ["jigasi: no Jigasi is registered: callers cannot join"]
    async with Scene(gateway, ear):
        # Registrations are stored once a second at most.
        for _ in range(5):
            with contextlib.suppress(AssertionError):
                # Jigasi has to answer meanwhile.
                told = await asyncio.to_thread(gateway.ask, "doctor")
                break
            await asyncio.sleep(0.5)
        else:
            told = await asyncio.to_thread(gateway.ask, "doctor")
    for check in ("gateway", "jigasi", "sounds", "state"):
        assert re.search(f"(?m)^ok +{check}: ", told), told
