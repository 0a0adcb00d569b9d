"""Beside a gateway that runs, with a stand-in for Jigasi and a phone."""
import asyncio
import json
import signal

import pytest

from doctor import beside
from jigasi import Jigasi, Plan
from phone import Phone

PUBLIC = "9.9.9.9"


def jigasi_of(gateway, password=None, **options):
    return Jigasi(password or gateway.jigasi_password, gateway.internal,
                  ip=gateway.host(), **options)


def phone_of(gateway, ip=None, password=None):
    return Phone(user=gateway.user, password=password or gateway.password,
                 server=gateway.external, ip=ip or gateway.host())


async def ask(gateway, *args, **env):
    """Without stopping those who answer OPTIONS meanwhile."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(
        None, lambda: beside(gateway, *args, **env))


async def until_stored(gateway, what, seconds=40):
    """Until what is true of some stored registration."""
    path = gateway.folder / "state" / "registrations.json"
    for _ in range(seconds * 5):
        if path.exists() and any(
                what(r) for r in json.loads(path.read_text())
                ["registrations"]):
            return
        await asyncio.sleep(0.2)
    raise TimeoutError(path.read_text() if path.exists() else "no file")


def is_jigasi(r):
    return r["user"] == "jigasi"


async def test_an_installation_that_is_well(gateway_with, network):
    network(f"{PUBLIC}/32")
    g = gateway_with(FREESWITCH_EXTERNAL_IP=PUBLIC, FREESWITCH_EXTERNAL_EXT_IP="",
                     XMPP_MUC_DOMAIN="muc.meet.jitsi")
    g.external = (PUBLIC, g.external[1])
    async with jigasi_of(g) as j, phone_of(g, ip=PUBLIC) as p:
        assert (await j.register()).status == 200
        assert (await p.register()).status == 200
        await until_stored(g, is_jigasi)
        d = await ask(g)
    # Whether the machine's clock is kept is not the test's to say.
    wrong = [f for f in d.findings if f.severity != "ok" and
             not (f.check == "clock" and "nothing keeps it so" in f.text)]
    assert not wrong and d.code == 0, d.raw
    d.expect("ok", "gateway", "2 registrations")
    d.expect("ok", "jigasi", "1 registered and answering")
    d.expect("ok", "address", "a public address of this machine")


async def test_a_jigasi_that_registered_this_moment(gateway_with):
    """… right after another, when the gateway waits with storing it."""
    g = gateway_with()
    async with phone_of(g) as p, jigasi_of(g) as j:
        assert (await p.register()).status == 200
        assert (await j.register()).status == 200
        d = await ask(g)
        d.expect("ok", "jigasi", "1 registered and answering")


async def test_no_jigasi(gateway_with):
    g = gateway_with()
    d = await ask(g)
    assert d.code == 1
    d.expect("ok", "gateway", "0 registrations")
    d.expect("fault", "jigasi", "no Jigasi is registered",
             "JIGASI_SIP_SERVER=", f"JIGASI_SIP_PORT={g.internal[1]}",
             "Restart Jigasi")
    assert not d.of("sip ports")  # they are the gateway's


async def test_no_jigasi_for_its_server_is_another(gateway_with):
    g = gateway_with(JIGASI_SIP_SERVER="127.0.0.1")
    d = await ask(g)
    d.expect("fault", "jigasi", "leads to 127.0.0.1, but", g.internal[0])


async def test_a_gateway_that_drains_and_its_ports(gateway_with):
    g = gateway_with()
    async with jigasi_of(g) as j, phone_of(g) as p:
        assert (await j.register()).status == 200
        call = await p.call("room")
        await call.wait_state("up", 10)
        d = await ask(g)
        d.expect("ok", "gateway")
        d.expect("ok", "audio ports")  # those of the call are its own
        g.process.send_signal(signal.SIGTERM)
        while g.get("/ready")[0] == 200:
            await asyncio.sleep(0.1)
        d = await ask(g)
        d.expect("fault", "gateway", "takes no calls", "draining")
        await call.hang_up()


async def test_a_phone_is_no_jigasi(gateway_with):
    g = gateway_with()
    async with phone_of(g) as p:
        assert (await p.register()).status == 200
        await until_stored(g, lambda r: r["user"] == g.user)
        d = await ask(g)
    d.expect("fault", "jigasi", "no Jigasi is registered")


async def test_a_jigasi_that_drops_what_we_send(gateway_with):
    g = gateway_with()
    async with jigasi_of(g) as j:
        assert (await j.register()).status == 200
        j.endpoint.accept_from = {("127.0.0.1", 9)}  # another registrar
        await until_stored(g, lambda r: is_jigasi(r) and not r["reachable"])
        d = await ask(g)
        assert j.endpoint.dropped
    d.expect("fault", "jigasi", "has not answered OPTIONS",
             "answered its REGISTER")


async def test_one_of_two_jigasis_went(gateway_with):
    g = gateway_with()
    async with jigasi_of(g) as j, jigasi_of(g) as gone:
        assert (await j.register()).status == 200
        assert (await gone.register()).status == 200
        gone.vanish()
        await until_stored(g, lambda r: is_jigasi(r) and not r["reachable"])
        d = await ask(g)
    d.expect("warning", "jigasi", "which others take")
    assert any(f.text == "1 registered and answering"
               for f in d.of("jigasi"))


async def test_a_phone_from_outside_is_told_a_private_address(gateway_with,
                                                              network):
    network(f"{PUBLIC}/32", "10.0.0.1/32")
    g = gateway_with(FREESWITCH_EXTERNAL_IP="10.0.0.1",
                     FREESWITCH_EXTERNAL_EXT_IP="")
    g.external = ("10.0.0.1", g.external[1])
    async with phone_of(g, ip=PUBLIC) as p:
        assert (await p.register()).status == 200
        await until_stored(g, lambda r: r["address"] == PUBLIC)
        d = await ask(g)
    d.expect("fault", "address", f"registered from {PUBLIC}",
             "FREESWITCH_EXTERNAL_EXT_IP")


async def test_another_state_folder_than_the_gateway_s(gateway_with,
                                                       tmp_path):
    g = gateway_with()
    async with jigasi_of(g) as j:
        assert (await j.register()).status == 200
        d = await ask(g, JIGATE_STATE_DIR=str(tmp_path))
    d.expect("warning", "jigasi", "JIGATE_STATE_DIR")


async def test_a_stored_file_that_is_broken(gateway_with, tmp_path):
    g = gateway_with()
    (tmp_path / "registrations.json").write_text('{"registrations": [1]}')
    async with jigasi_of(g) as j:
        assert (await j.register()).status == 200
        d = await ask(g, JIGATE_STATE_DIR=str(tmp_path))
    d.expect("warning", "jigasi", "1 registrations")


# ---- what its log tells ----

@pytest.mark.parametrize("plan, severity, words", [
    (Plan(status=486), "warning", ["refused the room with 486",
                                   "XMPP_MUC_DOMAIN"]),
    (Plan(status=488), "fault", ["none of our codecs",
                                 "JIGASI_ENABLE_SDES_SRTP"]),
    (Plan(deaf=True), "fault", ["dropped the call"]),
])
async def test_how_calls_went_wrong(gateway_with, plan, severity, words):
    g = gateway_with()
    if plan.status == 488:
        g.expected.append("accepts none of our codecs")
    if plan.deaf:
        g.expected.append("no Jigasi left")
    async with jigasi_of(g) as j, phone_of(g) as p:
        assert (await j.register()).status == 200
        j.default = plan
        await p.call("room")
        for _ in range(100):
            d = await ask(g, "--log", g.log_path)
            if d.of("log")[0].severity == severity:
                break
            await asyncio.sleep(0.2)
        d.expect(severity, "log", *words)


async def test_jigasi_has_another_password(gateway_with):
    g = gateway_with()
    async with jigasi_of(g, "other-secret-88") as j:
        assert (await j.register()).status != 200
    d = await ask(g, "--log", g.log_path)
    d.expect("fault", "log", "Jigasi was turned away", "JIGASI_SIP_PASSWORD")
    d.expect("fault", "jigasi", "no Jigasi")


async def test_a_phone_has_another_password(gateway_with):
    g = gateway_with()
    async with phone_of(g, password="other-secret-88") as p:
        assert (await p.register()).status != 200
    d = await ask(g, "--log", g.log_path)
    d.expect("warning", "log", "a phone or a guesser")


@pytest.mark.parametrize("transport,severity,words", [
    ("tls", "fault", ("no TLS with the trunk", "SIPGW_SIP_CA_FILE")),
    ("tcp", "warning", ("registration at the trunk failed", "1 time"))])
async def test_a_trunk_that_is_not_there(gateway_with, transport, severity,
                                         words):
    g = gateway_with(SIPGW_SIP_SERVER="127.0.0.1", SIPGW_SIP_PORT="1",
                     SIPGW_SIP_TRANSPORT=transport, SIPGW_SIP_PASSWORD="x7y")
    for _ in range(100):
        if "trunk not registered" in g.log():
            break
        await asyncio.sleep(0.1)
    d = await ask(g, "--log", g.log_path)
    d.expect(severity, "log", *words)


async def test_a_log_without_trouble_and_one_that_is_not_there(gateway_with):
    g = gateway_with()
    d = await ask(g, "--log", g.log_path)
    d.expect("ok", "log", "none tells of trouble")
    d = await ask(g, "--log", g.folder / "no-log")
    d.expect("warning", "log", "cannot be read")
