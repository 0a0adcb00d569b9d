"""Every setting takes effect in a running FreeSWITCH."""
import re
import socket
import ssl
import subprocess
import time

import pytest

from fsserver import FSC, STARTER, EventSocket, FreeSwitch

HOSTILE = """a"b'c<d>&e$${domain}${uuid} \\n"""


def profile(server, name):
    text = server.api(f"sofia status profile {name}")
    return dict(re.findall(r"^([\w-][\w -]*?)\s*\t(.*)$", text, re.M))


def test_addresses_and_ports(server_with):
    s = server_with(FREESWITCH_EXTERNAL_SIP_PORT="5066",
                    FREESWITCH_EXTERNAL_EXT_IP="203.0.113.7",
                    FREESWITCH_LOCAL_NETWORK_ACL="rfc1918.auto",
                    JIGASI_SIP_PORT="5077", FREESWITCH_ESL_PORT="8077",
                    JIGASI_SIP_URI="sip@example.org",
                    FREESWITCH_RTP_START_PORT="31000",
                    FREESWITCH_RTP_END_PORT="31099")
    out, into = profile(s, "external"), profile(s, "internal")
    assert out["SIP-IP"] == out["RTP-IP"] == s.external[0]
    assert out["Ext-SIP-IP"] == out["Ext-RTP-IP"] == "203.0.113.7"
    assert f"@{s.external[0]}:5066;" in out["BIND-URL"]
    assert into["SIP-IP"] == into["RTP-IP"] == s.internal[0]
    assert f"@{s.internal[0]}:5077;" in into["BIND-URL"]
    assert out["Challenge Realm"] == into["Challenge Realm"] == "example.org"
    found = s.api("xml_locate configuration configuration name switch.conf")
    assert 'name="rtp-start-port" value="31000"' in found
    assert 'name="rtp-end-port" value="31099"' in found


def test_an_interface_and_its_networks(server_with):
    fields = subprocess.run(
        ["ip", "-o", "-4", "addr", "show", "scope", "global"],
        capture_output=True, text=True).stdout.split()
    if not fields:
        pytest.skip("this machine has no interface with an address")
    with socket.socket() as free:
        free.bind((fields[3].split("/")[0], 0))
        port = str(free.getsockname()[1])
    s = server_with(FREESWITCH_EXTERNAL_IP=f"interface:ipv4/{fields[1]}",
                    FREESWITCH_EXTERNAL_SIP_PORT=port,
                    FREESWITCH_LOCAL_NETWORK_ACL="10.1.0.0/16, 192.0.2.1")
    assert profile(s, "external")["SIP-IP"] == fields[3].split("/")[0]
    assert s.api("acl 10.1.2.3 jigate-local") == "true"
    assert s.api("acl 10.2.2.3 jigate-local") == "false"


def test_the_sides_speak_what_they_should(server):
    out, into = profile(server, "external"), profile(server, "internal")
    assert into["CODECS OUT"] == "OPUS,PCMU,PCMA"
    assert out["CODECS IN"].startswith("OPUS,G722,PCMU,PCMA")
    assert into["SESSION-TO"] == "0"
    assert out["LATE-NEG"] == into["LATE-NEG"] == "true"
    for codec in ("OPUS (STANDARD)", "G.722", "G.711 ulaw", "G.711 alaw"):
        assert codec in server.api("show codecs"), codec


def test_nothing_is_loaded_that_is_not_needed(server):
    loaded = server.api("show modules")
    for module in ("mod_sms", "mod_voicemail", "mod_conference", "mod_lua",
                   "mod_xml_curl", "mod_verto", "mod_rtc", "mod_skinny",
                   "mod_loopback", "mod_curl", "mod_httapi"):
        assert module not in loaded
        assert server.api(f"module_exists {module}") == "false"
    for module in ("mod_sofia", "mod_opus", "mod_spandsp", "mod_sndfile",
                   "mod_tone_stream", "mod_commands", "mod_dptools"):
        assert server.api(f"module_exists {module}") == "true"


def test_sip_trace_is_off_and_the_log_has_no_password(server):
    log = server.log()
    for secret in (server.password, server.jigasi_password,
                   server.settings["FREESWITCH_ESL_PASSWORD"]):
        assert secret not in log
    assert "recv " not in log


def test_hostile_passwords_work(server_with):
    s = server_with(FREESWITCH_ESL_PASSWORD=HOSTILE,
                    FREESWITCH_REGISTRATION_PASSWORD=HOSTILE,
                    JIGASI_SIP_PASSWORD=HOSTILE,
                    SIPGW_SIP_PASSWORD=HOSTILE, SIPGW_SIP_SERVER="127.9.9.5")
    assert "is ready" in s.fsc("-x", "status").stdout
    assert "trunk" in s.api("sofia status gateway trunk")
    assert s.api("global_getvar domain") != s.settings[
        "FREESWITCH_ESL_PASSWORD"]


def test_fsc_knows_where_and_how(server):
    r = server.fsc("-x", "status")
    assert r.returncode == 0 and "is ready" in r.stdout


def test_healthy_only_with_both_sides(server_with):
    s = server_with()
    assert s.fsc("--healthy").returncode == 0
    for _ in range(100):
        # Refused until the profile has been up for ten seconds.
        s.api("sofia profile external stop")
        if s.fsc("--healthy").returncode:
            break
        time.sleep(0.2)
    else:
        raise AssertionError("healthy without the external profile")
    s.stop()
    assert s.fsc("--healthy").returncode == 1


def test_fsc_fails_where_nothing_answers(server):
    env = {**server.env, "JIGATE_FREESWITCH_DIR": "/nonexistent",
           "FREESWITCH_SERVER": f"{server.net}.9"}
    r = subprocess.run(["/bin/sh", FSC, "-x", "status"], env=env,
                       capture_output=True)
    assert r.returncode != 0


def test_the_event_socket_wants_the_password(server):
    with EventSocket(server.control, "wrong") as e:
        assert e.reply == "-ERR invalid"
    with EventSocket(server.control, "") as e:
        assert e.reply == "-ERR invalid"
    assert not answers((server.external[0], server.control[1]))


def answers(address):
    try:
        socket.create_connection(address, 1).close()
        return True
    except OSError:
        return False


def test_the_event_socket_takes_the_allowed_alone(server_with):
    s = server_with(FREESWITCH_ESL_ALLOWED="127.9.9.9")
    with s.esl(source=f"{s.net}.2") as e:      # itself, for the health check
        assert e.reply == "+OK accepted"
    with s.esl(source="127.9.9.9") as e:
        assert e.reply == "+OK accepted"
    with s.esl(source="127.9.9.8") as e:
        assert e.greeting[0]["Content-Type"] == "text/rude-rejection"


def test_a_taken_event_socket_port_is_told(server, tmp_path):
    s = FreeSwitch(tmp_path, FREESWITCH_ESL_ADDRESS=server.control[0],
                   FREESWITCH_ESL_PORT=str(server.control[1]))
    try:
        # The port answers, and it is the other one that does.
        with pytest.raises((RuntimeError, TimeoutError)):
            s.settings["FREESWITCH_ESL_PASSWORD"] = "another"
            s.start(6)
        end = time.monotonic() + 30
        while "mod_event_socket.c" not in s.log():
            assert time.monotonic() < end
            time.sleep(0.2)
        assert "Could not listen" in s.log()
    finally:
        s.stop()


def certificate(folder):
    folder.mkdir()
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj",
         "/CN=sip.example.org", "-keyout", "-", "-out", "-"],
        capture_output=True, check=True).stdout
    (folder / "agent.pem").write_bytes(made)
    return folder


def test_tls(server_with, tmp_path):
    folder = certificate(tmp_path / "tls")
    s = server_with(FREESWITCH_TLS_PORT="5065", FREESWITCH_TLS_DIR=str(folder),
                    FREESWITCH_SRTP="mandatory")
    assert profile(s, "external")["TLS-URL"].endswith(":5065")
    peer = ssl.create_default_context(cafile=folder / "agent.pem")
    peer.check_hostname = True
    with socket.create_connection((s.external[0], 5065), 5) as plain, \
            peer.wrap_socket(plain, server_hostname="sip.example.org") as t:
        assert t.version() in ("TLSv1.2", "TLSv1.3")
        t.sendall(b"OPTIONS sip:meet.jitsi SIP/2.0\r\n"
                  b"Via: SIP/2.0/TLS 127.0.0.1;branch=z9hG4bK1;rport\r\n"
                  b"From: <sip:a@b>;tag=1\r\nTo: <sip:meet.jitsi>\r\n"
                  b"Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
                  b"Content-Length: 0\r\n\r\n")
        assert t.recv(4096).startswith(b"SIP/2.0 200")


def test_the_log_goes_where_only_writing_is_possible(found, tmp_path):
    """A service manager's journal is a socket, which cannot be opened."""
    s = FreeSwitch(tmp_path)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(["/bin/sh", STARTER], env=s.env,
                                   stdin=subprocess.DEVNULL, stdout=theirs)
        theirs.close()
        try:
            ours.settimeout(20)
            seen = b""
            # A FreeSWITCH that is ended while it starts may stand still.
            while b"FreeSWITCH Started" not in seen:
                seen += ours.recv(65536)
        finally:
            process.terminate()
            while ours.recv(65536):
                pass
            assert process.wait(15) == 0


def test_ends_at_sigterm(server_with):
    s = server_with()
    s.process.terminate()
    assert s.process.wait(10) == 0
    s.process = None
