"""Encrypted audio, with baresip as the phone and as Jigasi."""
import asyncio
import shutil

import pytest

from call import Refused
from e2e.baresip import Baresip
from e2e.scene import Scene
from e2e.test_peers import wait_unregistered

pytestmark = pytest.mark.skipif(not shutil.which("baresip"),
                                reason="no baresip here")


def phone(folder, gateway, **more):
    return Baresip(folder, gateway, modules=["srtp"],
                   options=";mediaenc=srtp-mand", **more)


async def goes_into_a_meeting(s, b):
    b.type("/dial room\n")
    meeting = await s.jigasi.next_call(10)
    await b.says("Call established", 15)
    await b.hears(s.ear, "in-conference")
    await s.hears_tone(meeting, 600)
    b.type("*6")
    await s.hears_silence(meeting)
    b.type("*6")
    await s.hears_tone(meeting, 600)
    await meeting.end()
    await b.says("terminated", 15)
    await s.stats(activeCalls=0)
    assert "muted" in s.ear.names(b.recording())


async def test_a_phone_that_insists_on_srtp_is_encrypted(gateway, ear,
                                                         tmp_path):
    async with Scene(gateway, ear) as s, \
            phone(tmp_path / "baresip", gateway) as b:
        await s.stats(registrations=2, timeout=10)
        await goes_into_a_meeting(s, b)
        assert "SRTP is Enabled" in b.text
    await asyncio.to_thread(wait_unregistered, gateway)


async def test_where_srtp_is_mandatory_plain_audio_is_refused(
        gateway_with, ear, tmp_path):
    gateway = gateway_with(FREESWITCH_SRTP="mandatory")
    async with Scene(gateway, ear) as s:
        call = await s.call("room")
        with pytest.raises(Refused) as refused:
            await call.wait_state("up")
        assert refused.value.status == 488
        assert refused.value.response.get("Warning").startswith("302 ")
        assert not s.jigasi.calls
        async with phone(tmp_path / "baresip", gateway) as b:
            await s.stats(registrations=2, timeout=10)
            await goes_into_a_meeting(s, b)


@pytest.mark.parametrize("setting", ("off", "optional"))
async def test_a_phone_that_encrypts_where_it_can(gateway_with, ear, tmp_path,
                                                  setting):
    """It names keys beside RTP/AVP (RFC 8643)."""
    await encrypts_where_it_can(gateway_with, ear, tmp_path, setting)


async def test_a_phone_that_encrypts_where_it_can_has_to(gateway_with, ear,
                                                         tmp_path):
    await encrypts_where_it_can(gateway_with, ear, tmp_path, "mandatory")


async def encrypts_where_it_can(gateway_with, ear, tmp_path, setting):
    gateway = gateway_with(FREESWITCH_SRTP=setting)
    async with Scene(gateway, ear) as s, Baresip(
            tmp_path / "baresip", gateway, modules=["srtp"],
            options=";mediaenc=srtp") as b:
        await s.stats(registrations=2, timeout=10)
        await goes_into_a_meeting(s, b)
        enabled = "SRTP is Enabled" in b.text
        # Where it is optional that is up to the engine.
        assert setting == "optional" or enabled == (setting == "mandatory")


async def test_where_srtp_is_off_it_is_refused(gateway_with, ear, tmp_path):
    gateway = gateway_with(FREESWITCH_SRTP="off")
    async with Scene(gateway, ear) as s, \
            phone(tmp_path / "baresip", gateway) as b:
        await s.stats(registrations=2, timeout=10)
        b.type("/dial room\n")
        await b.says("488", 10)
        assert not s.jigasi.calls


async def test_a_jigasi_with_sdes_is_called_with_srtp(gateway_with, ear,
                                                      tmp_path):
    gateway = gateway_with(JIGASI_ENABLE_SDES_SRTP="1")
    jigasi = Baresip(
        tmp_path / "jigasi", gateway, modules=["srtp"],
        options=";mediaenc=srtp-mand;answermode=auto",
        account=("jigasi", gateway.jigasi_password, gateway.internal))
    async with Scene(gateway, ear, jigasis=0) as s, jigasi as j:
        await s.stats(registrations=1, timeout=10)
        call = await s.call("room", say=800)
        await call.wait_state("up", 10)
        await j.says("Call established", 10)
        await s.hears(call, "in-conference")
        await s.hears_tone(call, 600)  # what baresip says
        await call.hang_up()
        await j.says("terminated", 10)
        assert "SRTP is Enabled" in j.text
