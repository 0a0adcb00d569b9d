"""jigate.yml and jigate-embedded.yml on top of docker-jitsi-meet's files."""
import functools
import re
import shutil
import subprocess

import pytest

from places import ROOT

FILES = {"jigate.yml": "freeswitch", "jigate-embedded.yml": "jigate"}
MEET = ROOT / "tests/deploy/docker-jitsi-meet"


@pytest.fixture
def compose():
    if not shutil.which("docker-compose"):
        pytest.skip("docker-compose not installed "
                    "(scripts/install-deps deploy)")


@pytest.fixture(params=FILES)
def name(request, compose):
    return request.param


def fill(folder):
    """What an operator has: docker-jitsi-meet's files and ours, no more."""
    for path in [*MEET.glob("*.yml"), *(ROOT / f for f in FILES)]:
        shutil.copy(path, folder)
    (folder / ".env").write_text((ROOT / "jigate.env").read_text())
    return folder


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path)


def passwords(folder):
    subprocess.run([ROOT / "gen-jigate-passwords.sh", folder / ".env"],
                   check=True, stdout=subprocess.DEVNULL)


def config(folder, *names):
    """(status, what is printed, what is complained about)."""
    files = ["docker-compose.yml", "jigasi.yml", *names]
    r = subprocess.run(
        ["docker-compose", *(a for f in files for a in ("-f", f)), "config"],
        cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder)})
    return r.returncode, r.stdout, r.stderr


def merged(folder, name):
    yaml = pytest.importorskip("yaml")
    passwords(folder)
    status, out, told = config(folder, name)
    assert (status, told) == (0, "")
    return yaml.safe_load(out)


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """services(NAME): as an operator has them who changed nothing."""
    @functools.lru_cache(None)
    def of(name):
        return merged(fill(tmp_path_factory.mktemp("meet")), name)["services"]
    return of


def published(service):
    """(protocol, port) of all that is open to the world."""
    for p in service.get("ports", []):
        if isinstance(p, str):
            assert p.startswith("127.0.0.1:"), p
        else:
            yield p["protocol"], p["published"]


def local(service):
    return [p.split(":")[1] for p in service.get("ports", [])
            if isinstance(p, str)]


def test_merged_with_docker_jitsi_meet_it_is_clean(services, name):
    services = services(name)
    sip = services[FILES[name]]
    assert set(published(sip)) == {
        ("udp", 5060), ("tcp", 5060),
        *(("udp", port) for port in range(20200, 20251))}
    if sip is not services["jigate"]:
        assert not list(published(services["jigate"]))
    assert "freeswitch.meet.jitsi" in \
        sip["networks"]["meet.jitsi"]["aliases"]
    for s in {FILES[name], "jigate"}:
        assert services[s]["read_only"] is True
        assert services[s]["restart"] == "unless-stopped"
        assert services[s]["cap_drop"] == ["ALL"]


def test_no_two_services_publish_the_same_port(services, name):
    services = services(name).values()
    world = [p for s in services for p in published(s)]
    home = [p for s in services for p in local(s)]
    assert len(set(world)) == len(world)
    assert len(set(home)) == len(home)


def test_jigasi_starts_once_sip_answers(services, name):
    jigasi = services(name)["jigasi"]
    assert jigasi["depends_on"] == {
        FILES[name]: {"condition": "service_healthy"},
        "prosody": {"condition": "service_started"}}


def test_jigasi_is_told_where_to_register_and_to_keep_trying(services, name):
    services = services(name)
    jigasi = services["jigasi"]["environment"]
    sip = services[FILES[name]]["environment"]
    for n in ("JIGASI_SIP_URI", "JIGASI_SIP_PORT", "JIGASI_SIP_PASSWORD"):
        assert jigasi[n] == sip[n]
    assert services["jicofo"]["environment"]["JIGASI_SIP_URI"] == \
        jigasi["JIGASI_SIP_URI"]
    pairs = [e.split("=") for e in jigasi["JIGASI_CONFIGURATION"].split(",")]
    assert all(len(p) == 2 and all(p) for p in pairs)
    told = dict(pairs)
    assert told["net.java.sip.communicator.plugin.reconnectplugin."
                r"ATLEAST_ONE_SUCCESSFUL_CONNECTION.SIP\:"
                "jigasi@meet.jitsi"] == "true"
    account = "net.java.sip.communicator.impl.protocol.sip.acc1."
    sample = dict(line.lstrip("#").split("=", 1) for line in
                  (ROOT / "jigate.env").read_text().splitlines()
                  if line.startswith("#JIGATE_HEADER_"))
    assert told[account + "JITSI_MEET_ROOM_HEADER_NAME"] == \
        sample["JIGATE_HEADER_ROOM"]
    assert {v for k, v in told.items() if k.startswith(account)} == \
        set(sample.values())


def test_the_operators_own_jigasi_configuration_is_kept(folder, name):
    with open(folder / ".env", "a") as env:
        env.write("JIGASI_CONFIGURATION=mine.first=1,mine.second=2\n")
    told = merged(folder, name)["services"]["jigasi"]["environment"][
        "JIGASI_CONFIGURATION"]
    assert told.startswith("mine.first=1,mine.second=2,net.java.")


@pytest.mark.parametrize("secret", [
    "FREESWITCH_REGISTRATION_PASSWORD", "JIGASI_SIP_PASSWORD",
    "FREESWITCH_ESL_PASSWORD"])
def test_a_missing_secret_stops_the_start_and_is_named(folder, name, secret):
    passwords(folder)
    if secret == "FREESWITCH_ESL_PASSWORD" and name != "jigate.yml":
        return  # the embedded engine has none
    lines = (folder / ".env").read_text().splitlines()
    (folder / ".env").write_text("\n".join(
        line for line in lines if not line.startswith(secret + "=")) + "\n")
    status, _, told = config(folder, name)
    assert status != 0 and secret in told


def test_the_manuals_file_for_tls_is_taken(compose, folder):
    yaml = pytest.importorskip("yaml")
    told = (ROOT / "docs/deploy.md").read_text()
    (folder / "tls.yml").write_text(
        re.search(r"```yaml\n(.*?)```", told, re.S)[1])
    passwords(folder)
    with open(folder / ".env", "a") as env:
        env.write("CONFIG=/cfg\nFREESWITCH_TLS_PORT=5061\n")
    status, out, said = config(folder, "jigate.yml", "tls.yml")
    assert (status, said) == (0, "")
    service = yaml.safe_load(out)["services"]["freeswitch"]
    assert {("tcp", 5060), ("tcp", 5061), ("udp", 20200)} <= \
        set(published(service))
    assert service["volumes"] == ["/cfg/jigate/tls:/etc/jigate/tls:ro"]
    assert int(service["environment"]["FREESWITCH_TLS_PORT"]) == 5061


def test_house_style(name):
    text = (ROOT / name).read_text()
    assert "version:" not in text and "\t" not in text
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        assert indent % 4 == 0, line
    assert "build:" not in text  # no checkout needed
