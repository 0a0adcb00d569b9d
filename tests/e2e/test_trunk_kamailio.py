"""A trunk that is not made of our own tools: Kamailio as registrar with digest
and as proxy between the gateway and a telephone."""
import asyncio
import pathlib
import shutil
import subprocess

import pytest

import audio
from certificates import Authority
from e2e.baresip import Baresip
from e2e.scene import Scene
from phone import Phone

# What the configuration has besides where TLS is spoken.
TLS = """enable_tls=yes
listen=tls:@IP@:5061
"""
TLS_MODULE = """loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "private_key", "@FOLDER@/agent.pem")
modparam("tls", "certificate", "@FOLDER@/agent.pem")
"""
PROGRAM = shutil.which("kamailio", path="/usr/sbin:/usr/bin")
CONFIG = pathlib.Path(__file__).parent / "peers" / "kamailio.cfg"
PASSWORD = "provider-secret-77"

pytestmark = pytest.mark.skipif(PROGRAM is None,
                                reason="kamailio is not installed")


def modules():
    return str(next(pathlib.Path("/usr/lib").glob("*/kamailio/modules")))


@pytest.fixture
def provider(tmp_path, gateway_with):
    """(gateway registered at Kamailio, address of Kamailio, of a telephone)."""
    started = []

    def start(transport="udp", **more):
        g = gateway_with(run=False)
        ip, telephone = g.host(), g.host()
        text, tls = CONFIG.read_text(), transport == "tls"
        if tls:
            authority = Authority(tmp_path / "authority")
            authority.server(tmp_path, ip, names=[f"IP:{ip}"])
            more["SIPGW_SIP_CA_FILE"] = str(authority.root)
        for name, value in (("TLS", TLS if tls else ""),
                            ("TLS_MODULE", TLS_MODULE if tls else ""),
                            ("FOLDER", str(tmp_path)),
                            ("IP", ip), ("MODULES", modules()),
                            ("PASSWORD", PASSWORD), ("TELEPHONE", telephone)):
            text = text.replace(f"@{name}@", value)
        path = tmp_path / "kamailio.cfg"
        path.write_text(text)
        with open(tmp_path / "kamailio.log", "wb") as log:
            started.append(subprocess.Popen(
                [PROGRAM, "-f", path, "-DD", "-E", "-Y", tmp_path,
                 "-P", tmp_path / "pid"], stdout=log,
                stderr=log, stdin=subprocess.DEVNULL))
        g.settings.update({
            "SIPGW_SIP_SERVER": ip, "SIPGW_SIP_DOMAIN": "provider.example",
            "SIPGW_SIP_USERNAME": "acct", "SIPGW_SIP_PASSWORD": PASSWORD,
            "SIPGW_SIP_TRANSPORT": transport,
            "JIGATE_DIALOUT_ALLOW": "+49", **more})
        g.start()
        return g, ip, telephone

    yield start
    for p in started:
        p.terminate()
        p.wait(10)


async def registered(gateway, timeout=20):
    for _ in range(timeout * 10):
        if "trunk registered: acct@provider.example" in gateway.log():
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(gateway.log()[-2000:])


@pytest.mark.parametrize("transport", ("udp", "tcp", "tls"))
async def test_calls_both_ways(provider, ear, transport):
    g, ip, address = provider(transport)
    await registered(g)
    async with Scene(g, ear) as s, Phone(
            user="+4940123", ip=address, port=5060, server=(ip, 5060),
            domain="provider.example") as telephone:
        call = await telephone.call("acct")
        await call.wait_state("up")
        await s.hears(call, "enter-id")
        await call.keys("4711#")
        meeting = await s.jigasi.next_call(5)
        assert meeting.room == "4711"
        await call.hang_up()
        await meeting.wait_state("ended")

        out = await s.jigasi.call("+4930123")
        ring = await asyncio.wait_for(telephone.incoming.get(), 5)
        ring.media.source = audio.tone(600)
        ring.pick_up()
        await out.wait_state("up")
        await s.hears_tone(out, 600)
        await out.hang_up()
        await s.hears(ring, "ended")
        await ring.wait(lambda: ring.state == "ended", 10)

        out = await s.jigasi.call("+4930123")
        ring = await asyncio.wait_for(telephone.incoming.get(), 5)
        ring.refuse(486)
        await out.wait(lambda: out.state == "ended")
        assert (out.responses[-1].status, out.responses[-1].reason) == \
            (486, "Busy Here")


@pytest.mark.skipif(not shutil.which("baresip"), reason="no baresip here")
async def test_an_encrypted_call_over_tls(provider, ear, tmp_path):
    """SRTP to a telephone behind the provider that takes nothing else."""
    g, ip, address = provider("tls", FREESWITCH_SRTP="mandatory")
    await registered(g)
    async with Scene(g, ear) as s, Baresip(
            tmp_path / "baresip", g, modules=["srtp"], listen=(address, 5060),
            options=";mediaenc=srtp-mand;answermode=auto",
            account=("+4930123", "x", (ip, 5060))) as b:
        await b.says("baresip is ready")
        out = await s.jigasi.call("+4930123")
        out.media.source = audio.tone(800)
        await out.wait_state("up", 10)
        await s.hears_tone(out, 600)
        await b.hears(ear, "in-conference")
        await out.hang_up()
        await b.says("terminated", 10)
        assert "SRTP is Enabled" in b.text
