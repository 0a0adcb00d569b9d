"""Where the trunk is, told by DNS (RFC 3263): SRV records, their order, and
what is done when the first of them does not answer."""
import ssl

import pytest

import dns
from certificates import Authority
from dns import Dns
from e2e.test_trunk import settings, start, told
from trunk import Trunk

pytestmark = pytest.mark.skipif(dns.missing() is not None,
                                reason=str(dns.missing()))

NAME = "provider.example"


@pytest.fixture
def scenery(gateway_with, tmp_path):
    """(gateway, name server, a function that makes a trunk), none started."""
    def make(**more):
        g = gateway_with(run=False)
        d = Dns(g.host())
        d.believed_by(g, tmp_path)

        def trunk(host, **options):
            t = Trunk(g.host(), **{"port": 5099, **options})
            d.a[host] = [t.endpoint.ip]
            return t
        t = trunk("first." + NAME)
        g.settings.update(settings(t, SIPGW_SIP_SERVER=NAME, **more))
        del g.settings["SIPGW_SIP_PORT"]
        return g, d, t, trunk
    return make


async def test_the_record_tells_host_and_port(scenery):
    g, d, t, _ = scenery()
    d.srv[f"_sip._udp.{NAME}"] = [(10, 0, 5099, f"first.{NAME}")]
    async with d, t:
        await start(g)
        await t.registered()
        await told(g, f"trunk registered: .* at {t.endpoint.ip}:5099")
        assert (dns.SRV, f"_sip._udp.{NAME}") in d.asked


async def test_without_a_record_the_name_itself_is_meant(scenery):
    g, d, _, trunk = scenery()
    t = trunk(NAME, port=5060)
    async with d, t:
        await start(g)
        await t.registered()
        assert d.asked[0][0] == dns.SRV


async def test_where_a_port_is_set_no_record_is_asked_for(scenery):
    g, d, _, trunk = scenery()
    t = trunk(NAME)
    g.settings["SIPGW_SIP_PORT"] = "5099"
    async with d, t:
        await start(g)
        await t.registered()
        assert dns.SRV not in {kind for kind, _ in d.asked}


async def test_the_next_is_tried_and_the_first_taken_again(scenery):
    """The second of two while the first does not answer; from a registration
    that holds nobody goes away."""
    g, d, first, trunk = scenery()
    second = trunk(f"second.{NAME}")
    d.srv[f"_sip._udp.{NAME}"] = [(20, 0, 5099, f"second.{NAME}"),
                                  (10, 0, 5099, f"first.{NAME}")]
    for t in (first, second):
        t.granted = 5
    async with d, first, second:
        first.register_status = 503
        await start(g)
        await second.registered()
        assert first.registers
        first.register_status = 200
        n = len(second.registers)
        await second.endpoint.until(lambda: len(second.registers) > n, 6,
                                    "a refresh")
        assert first.contact is None
        second.register_status = 503
        await first.registered()
        call = await first.call()
        await call.wait_state("up")
        await call.hang_up()


async def test_a_silent_one_is_passed_over(scenery):
    g, d, t, trunk = scenery()
    silent = trunk(f"silent.{NAME}")
    silent.register_status = None
    d.srv[f"_sip._udp.{NAME}"] = [(1, 0, 5099, f"silent.{NAME}"),
                                  (2, 0, 5099, f"nowhere.{NAME}"),
                                  (3, 0, 5099, f"first.{NAME}")]
    async with d, t, silent:
        await start(g)
        await t.registered(15)


async def test_there_is_no_such_service(scenery):
    g, d, t, _ = scenery()
    d.srv[f"_sip._udp.{NAME}"] = [(0, 0, 0, "")]
    d.a[NAME] = [t.endpoint.ip]
    async with d, t:
        await start(g)
        await told(g, f"trunk not registered: SIPGW_SIP_SERVER={NAME} has no "
                   "address: its SRV record says that there is no such")


async def test_over_tls_the_certificate_is_for_the_name_asked_for(scenery,
                                                                  tmp_path):
    """Not for what DNS makes of it, which anyone may have answered (RFC 5922
    section 7.3)."""
    authority = Authority(tmp_path / "authority")
    g, d, _, trunk = scenery(SIPGW_SIP_TRANSPORT="tls",
                             SIPGW_SIP_CA_FILE=str(authority.root))

    def serve(name):
        authority.server(tmp_path / name, name)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tmp_path / name / "agent.pem")
        return context
    wrong = trunk(f"wrong.{NAME}", transport="tls",
                  serve=serve(f"wrong.{NAME}"))
    right = trunk(f"right.{NAME}", transport="tls", serve=serve(NAME))
    d.srv[f"_sips._tcp.{NAME}"] = [(1, 0, 5099, f"wrong.{NAME}"),
                                   (2, 0, 5099, f"right.{NAME}")]
    async with d, wrong, right:
        await start(g)
        await right.registered()
        assert wrong.registers == []
