"""A gateway that somebody else runs, Docker or systemd, with the surface of
tools/gateway.py: scenes take place on it as on any other."""
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
