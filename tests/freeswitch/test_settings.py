"""What the starter makes of its settings, without FreeSWITCH."""
import stat
import subprocess
import xml.etree.ElementTree as ET

import pytest

HOSTILE = """a"b'c<d>&e$${domain}${uuid}--></param><X-PRE-PROCESS \\1 \\n @X@"""


def param(server, path, name):
    text = server.rendered(path)
    return [p.get("value") for p in ET.fromstring(text).iter("param")
            if p.get("name") == name]


def test_starts_with_the_passwords_alone(settings):
    s = settings()
    r = s.check()
    assert (r.returncode, r.stderr) == (0, "")


@pytest.mark.parametrize("name", [
    "FREESWITCH_ESL_PASSWORD", "FREESWITCH_REGISTRATION_PASSWORD",
    "JIGASI_SIP_PASSWORD"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_password_is_refused_by_name(settings, name, value):
    r = settings(**{name: value}).check()
    assert r.returncode == 78
    assert f"{name}: has to be set" in r.stderr


@pytest.mark.parametrize("name,value", [
    ("FREESWITCH_EXTERNAL_IP", "example.org; reboot"),
    ("FREESWITCH_EXTERNAL_IP", "256.1.1.1"),
    ("FREESWITCH_EXTERNAL_IP", "0.0.0.0"),
    ("FREESWITCH_EXTERNAL_IP", "interface:ipv4/nosuch0"),
    ("FREESWITCH_EXTERNAL_IP", "interface:ipv4/$(id)"),
    ("FREESWITCH_INTERNAL_IP", "interface:ipv4/"),
    ("FREESWITCH_EXTERNAL_EXT_IP", "x"),
    ("FREESWITCH_EXTERNAL_SIP_PORT", "0"),
    ("FREESWITCH_EXTERNAL_SIP_PORT", "65536"),
    ("FREESWITCH_EXTERNAL_SIP_PORT", "50x"),
    ("JIGASI_SIP_PORT", "-1"),
    ("JIGASI_SIP_URI", "jigasi"),
    ("JIGASI_SIP_URI", 'jigasi@"x"'),
    ("FREESWITCH_RTP_START_PORT", "22"),
    ("FREESWITCH_RTP_END_PORT", "20100"),
    ("FREESWITCH_ESL_PORT", "99999999999999999999"),
    ("FREESWITCH_ESL_ALLOWED", "everyone"),
    ("FREESWITCH_REGISTRATION_USERNAME", "a b"),
    ("FREESWITCH_LOCAL_NETWORK_ACL", 'x"/>'),
    ("FREESWITCH_LOCAL_NETWORK_ACL", "10.0.0.0/33"),
    ("JIGATE_TRUSTED_NETWORKS", "10.0.0.0/8, pbx"),
    ("JIGATE_ANONYMOUS_CALLS", "perhaps"),
    ("FREESWITCH_SRTP", "maybe"),
    ("LOG_LEVEL", "loud"),
])
def test_a_wrong_value_is_refused_by_name(settings, name, value):
    r = settings(**{name: value}).check()
    assert r.returncode == 78
    assert f"{name}: " in r.stderr
    assert "not started" in r.stderr


@pytest.mark.parametrize("name", [
    "SIPGW_SIP_SERVER", "SIPGW_SIP_DOMAIN", "SIPGW_SIP_USERNAME",
    "SIPGW_SIP_PORT", "SIPGW_SIP_TRANSPORT"])
def test_a_wrong_trunk_is_refused_by_name(settings, name):
    r = settings(SIPGW_SIP_PASSWORD="x", **{name: '<"&'}).check()
    assert r.returncode == 78
    assert f"{name}: " in r.stderr


def test_no_trunk_over_tls(settings):
    r = settings(SIPGW_SIP_PASSWORD="x", SIPGW_SIP_TRANSPORT="tls").check()
    assert r.returncode == 78
    assert "SIPGW_SIP_TRANSPORT: tls" in r.stderr


def test_both_sides_on_one_address(settings):
    one = {"FREESWITCH_INTERNAL_IP": "127.9.9.1"}
    r = settings(**one).check()
    assert r.returncode == 78 and "JIGASI_SIP_PORT: 5060" in r.stderr
    s = settings(JIGASI_SIP_PORT="", **one)  # compose passes unset as empty
    assert s.check().returncode == 0
    assert param(s, "sip_profiles/internal.xml", "sip-port") == ["5070"]


def test_hostile_passwords_stay_values(settings):
    s = settings(FREESWITCH_ESL_PASSWORD=HOSTILE, JIGASI_SIP_PASSWORD=HOSTILE,
                 FREESWITCH_REGISTRATION_PASSWORD=HOSTILE,
                 SIPGW_SIP_PASSWORD=HOSTILE, SIPGW_SIP_SERVER="127.9.9.5")
    r = s.check()
    assert (r.returncode, r.stderr) == (0, "")
    assert param(s, "autoload_configs/event_socket.conf.xml",
                 "password") == [HOSTILE]
    assert param(s, "sip_profiles/external.xml", "password") == [HOSTILE]
    users = ET.fromstring(f"<x>{s.rendered('directory/users.xml')}</x>")
    assert [p.get("value") for p in users.iter("param")
            if p.get("name") == "password"] == [HOSTILE, HOSTILE]
    for path in (s.folder / "run/conf").rglob("*.xml"):
        assert "$${domain}" not in path.read_text()


def test_a_password_of_several_lines_is_refused(settings):
    r = settings(FREESWITCH_ESL_PASSWORD="a\nb").check()
    assert r.returncode == 78 and "FREESWITCH_ESL_PASSWORD" in r.stderr


def test_a_password_from_a_file(settings, tmp_path):
    (tmp_path / "secret").write_text("from-a-file\n")
    s = settings(FREESWITCH_ESL_PASSWORD=None,
                 FREESWITCH_ESL_PASSWORD_FILE=str(tmp_path / "secret"))
    assert s.check().returncode == 0
    assert param(s, "autoload_configs/event_socket.conf.xml",
                 "password") == ["from-a-file"]
    r = settings(FREESWITCH_ESL_PASSWORD=None,
                 FREESWITCH_ESL_PASSWORD_FILE="/nonexistent").check()
    assert "FREESWITCH_ESL_PASSWORD_FILE: cannot be read" in r.stderr


def test_secrets_are_readable_by_nobody_else(settings):
    s = settings()
    assert s.check().returncode == 0
    files = [p for p in (s.folder / "run").rglob("*") if p.is_file()]
    assert s.folder / "run/.fs_cli_conf" in files
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_the_older_name_of_the_phones_user(settings):
    s = settings(FREESWITCH_REGISTRATION_USER="desk")
    r = s.check()
    assert r.returncode == 0
    assert "FREESWITCH_REGISTRATION_USER: call it" in r.stderr
    assert '<user id="desk">' in s.rendered("directory/users.xml")
    s = settings(FREESWITCH_REGISTRATION_USER="desk",
                 FREESWITCH_REGISTRATION_USERNAME="new")
    assert s.check().returncode == 0
    assert '<user id="new">' in s.rendered("directory/users.xml")


def test_no_trunk_without_its_password(settings):
    s = settings(SIPGW_SIP_SERVER="127.9.9.5")
    assert s.check().returncode == 0
    assert "<gateway " not in s.rendered("sip_profiles/external.xml")


def test_an_interface_gives_its_address(settings):
    s = settings(FREESWITCH_EXTERNAL_IP="interface:ipv4/nosuch0")
    assert s.check().returncode == 78
    addresses = subprocess.run(
        ["ip", "-o", "-4", "addr", "show", "scope", "global"],
        capture_output=True, text=True).stdout.split()
    if not addresses:
        pytest.skip("this machine has no interface with an address")
    s = settings(FREESWITCH_EXTERNAL_IP=f"interface:ipv4/{addresses[1]}")
    assert s.check().returncode == 0
    assert param(s, "sip_profiles/external.xml", "sip-ip") == [
        addresses[3].split("/")[0]]


def test_every_template_is_well_formed(settings):
    s = settings(SIPGW_SIP_PASSWORD="x", SIPGW_SIP_SERVER="127.9.9.5",
                 JIGATE_ANONYMOUS_CALLS="true",
                 JIGATE_TRUSTED_NETWORKS="10.1.0.0/16, 2001:db8::/32")
    assert s.check().returncode == 0
    for path in (s.folder / "run/conf").rglob("*.xml"):
        text = path.read_text()
        ET.fromstring(text if text.startswith("<?xml") else f"<x>{text}</x>")
        assert "<!-- @" not in text
