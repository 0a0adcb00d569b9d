"""What the settings and the environment tell by themselves."""
import json
import os
import resource
import shutil
import time

import pytest

from doctor import GOOD, doctor, look
from places import SOUNDS


def test_settings_that_are_broken_exit_with_2():
    d = doctor(env={**GOOD, "REST_PORT": "http", "JIGATE_LANGUAGE": "xx"})
    assert d.code == 2
    assert any("REST_PORT" in f.text for f in d.faults())
    assert any("JIGATE_SOUNDS_DIR" in f.text for f in d.faults())


def test_keys_that_are_broken_exit_with_2_and_all_else_is_looked_at(tmp_path):
    d = look(tmp_path, JIGATE_KEYS="*6=dance")
    assert d.code == 2
    assert any("JIGATE_KEYS" in f.text for f in d.of("settings"))
    d.expect("ok", "sounds")


def test_warnings_of_the_settings_are_told(tmp_path):
    d = look(tmp_path, JIGATE_ANONYMOUS_CALLS="true")
    assert d.code == 0
    assert any("JIGATE_ANONYMOUS_CALLS" in f.text for f in d.of("settings"))


def test_no_secret_is_told(tmp_path):
    d = look(tmp_path, JIGATE_MEETING_LOOKUP="http://127.0.0.1:9/?id={id}",
             JIGATE_MEETING_LOOKUP_TOKEN="Zq7hidden")
    for value in (GOOD["JIGASI_SIP_PASSWORD"], "Zq7hidden"):
        assert value not in d.raw


def test_a_missing_gateway_is_no_fault(tmp_path, network):
    network()
    d = look(tmp_path)
    assert d.code == 0
    d.expect("warning", "gateway", "none answers")
    d.expect("ok", "sip ports")
    d.expect("ok", "rest port")
    d.expect("ok", "audio ports")
    assert not d.of("jigasi")


def test_help_names_it():
    assert "jigate doctor [--config FILE]" in doctor("--help", env={}).raw


# ---- ranges ----

@pytest.mark.parametrize("settings, words", [
    ({"FREESWITCH_RTP_START_PORT": "20040"}, "20040 to 20250"),
    ({"FREESWITCH_RTP_START_PORT": "30000", "FREESWITCH_RTP_END_PORT": "30100",
      "JIGASI_PORT_MIN": "30100", "JIGASI_PORT_MAX": "30200"},
     "30100 to 30200"),
    ({"FREESWITCH_RTP_START_PORT": "9900", "FREESWITCH_RTP_END_PORT": "10001"},
     "video bridge, port 10000"),
    ({"JIGATE_INTERNAL_RTP_START_PORT": "9900",
      "JIGATE_INTERNAL_RTP_END_PORT": "10100"}, "video bridge, port 10000"),
    ({"JIGASI_SIP_PORT": "10000"}, "JIGASI_SIP_PORT: port 10000"),
])
def test_ports_of_jitsi_s_own_programs(tmp_path, settings, words):
    look(tmp_path, **settings).expect("fault", "neighbours", words)


def test_jitsi_s_ports_moved_away_do_not_collide(tmp_path):
    look(tmp_path, FREESWITCH_RTP_START_PORT="20040", JIGASI_PORT_MIN="30000",
         JIGASI_PORT_MAX="30500").expect("ok", "neighbours", "30000 to 30500")


def test_jigasi_has_ports_for_fewer_calls(tmp_path):
    ports = {"JIGASI_PORT_MIN": "20000", "JIGASI_PORT_MAX": "20050"}
    look(tmp_path, **ports).expect("warning", "neighbours", "about 12 calls",
                                   "room for 26", "JIGASI_PORT_MAX")
    look(tmp_path, JIGATE_MAX_CALLS="12", **ports).expect("ok", "neighbours")


# ---- address ----

@pytest.mark.parametrize("ip, severity, words", [
    ("127.0.0.9", "fault", "a loopback address"),
    ("203.0.113.7", "fault", "out of documentation"),
    ("224.0.0.1", "fault", "no single host"),
    ("169.254.1.1", "fault", "link-local"),
    ("10.1.2.3", "warning", "a private address"),
    ("100.64.0.1", "warning", "provider's NAT"),
    ("9.9.9.9", "ok", "a public address"),
])
def test_the_address_that_phones_are_told(tmp_path, ip, severity, words):
    look(tmp_path, FREESWITCH_EXTERNAL_EXT_IP=ip).expect(
        severity, "address", words)


def test_an_address_of_this_machine_where_nobody_listens(tmp_path, network):
    network("10.0.0.1/32", "10.0.0.2/32")
    look(tmp_path, FREESWITCH_EXTERNAL_IP="10.0.0.1",
         FREESWITCH_EXTERNAL_EXT_IP="10.0.0.2").expect(
             "fault", "address", "the address of lo")


def test_a_private_address_told_by_a_public_machine(tmp_path, network):
    network("9.9.9.9/32")
    look(tmp_path, FREESWITCH_EXTERNAL_IP="9.9.9.9",
         FREESWITCH_EXTERNAL_EXT_IP="10.0.0.2").expect(
             "fault", "address", "9.9.9.9 is public")
    look(tmp_path, FREESWITCH_EXTERNAL_IP="9.9.9.9",
         FREESWITCH_EXTERNAL_EXT_IP="9.9.9.8").expect(
             "warning", "address", "itself")


def test_an_own_private_address(tmp_path, network):
    network("10.0.0.1/32")
    look(tmp_path, FREESWITCH_EXTERNAL_IP="10.0.0.1").expect(
        "warning", "address", "FREESWITCH_EXTERNAL_EXT_IP")


# ---- Jigasi's and Jitsi's settings ----

def test_headers(tmp_path):
    look(tmp_path).expect("ok", "headers", "X-Room-Name")
    look(tmp_path, XMPP_MUC_DOMAIN="").expect(
        "warning", "headers", "XMPP_MUC_DOMAIN is not set")
    look(tmp_path, JIGATE_HEADER_ROOM="X-Room").expect(
        "warning", "headers", "JIGATE_HEADER_ROOM is X-Room")
    look(tmp_path, JIGATE_HEADER_ROOM="Jitsi-Conference-Room").expect(
        "warning", "headers", "JIGATE_HEADER_DOMAIN_BASE is X-Domain-Base")
    look(tmp_path, JIGATE_HEADER_ROOM="Jitsi-Conference-Room",
         JIGATE_HEADER_DOMAIN_BASE="Jitsi-Conference-Domain-Base").expect(
             "ok", "headers")
    look(tmp_path, XMPP_MUC_DOMAIN="meet.example.org",
         PUBLIC_URL="https://Meet.example.org:8443/").expect(
             "fault", "headers", "the host of PUBLIC_URL")


@pytest.mark.parametrize("settings, severity, words", [
    ({"USE_TRANSLATOR_IN_CONFERENCE": "1"}, "fault", "break up"),
    ({"JIGASI_SIP_TRANSPORT": "TLS"}, "fault", "is TLS"),
    ({"ENABLE_SIP_STARTMUTED": "1"}, "warning", "unmuted"),
    ({"USE_TRANSLATOR_IN_CONFERENCE": "0"}, "ok", "nothing"),
    ({}, "ok", "cannot be seen"),
])
def test_how_jitsi_is_set_up(tmp_path, settings, severity, words):
    look(tmp_path, **settings).expect(severity, "jitsi", words)


def test_the_file_tells_of_jitsi_too_and_the_environment_wins(tmp_path):
    path = tmp_path / ".env"
    path.write_text("USE_TRANSLATOR_IN_CONFERENCE=1\n")
    look(tmp_path, "-c", path).expect("fault", "jitsi", "break up")
    look(tmp_path, "-c", path, USE_TRANSLATOR_IN_CONFERENCE="0").expect(
        "ok", "jitsi")


# ---- the machine ----

def test_a_prompt_is_missing(tmp_path):
    shutil.copytree(SOUNDS / "en", tmp_path / "sounds" / "en")
    (tmp_path / "sounds" / "en" / "8000" / "goodbye.wav").unlink()
    look(tmp_path, JIGATE_SOUNDS_DIR=str(tmp_path / "sounds")).expect(
        "fault", "sounds", "1 of ", "goodbye.wav")


def test_a_state_folder_that_cannot_be_one(tmp_path):
    (tmp_path / "file").write_text("")
    look(tmp_path, JIGATE_STATE_DIR=str(tmp_path / "file")).expect(
        "fault", "state", "Not a directory")
    look(tmp_path, JIGATE_STATE_DIR=str(tmp_path / "file/x")).expect(
        "fault", "state", "Not a directory")
    look(tmp_path, JIGATE_STATE_DIR=str(tmp_path / "a/b")).expect(
        "fault", "state", "No such file")
    look(tmp_path, JIGATE_STATE_DIR=str(tmp_path / "a")).expect(
        "ok", "state")


def test_a_state_folder_on_a_full_disk(tmp_path):
    if os.geteuid():
        pytest.skip("only root mounts")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ("mount -t tmpfs -o size=64k jigate-test \"$0\" && exec \"$@\"")
    look(tmp_path, wrap=("unshare", "-m", "sh", "-c", mount, disk),
         JIGATE_STATE_DIR=str(disk)).expect("fault", "state", "is full")


def test_a_clock_that_was_set_back(tmp_path):
    later = int((time.time() + 3600) * 1000)
    (tmp_path / "registrations.json").write_text(json.dumps(
        {"format": 1, "registrations": [
            {"user": "jigasi", "uri": "sip:a@b", "address": "127.0.0.1",
             "expires_at": later, "refreshed_at": later}]}))
    look(tmp_path).expect("fault", "clock", "set back")


def test_too_few_open_files(tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (150, 150))

    look(tmp_path, preexec_fn=limit).expect(
        "fault", "files", "enough for 12 calls", "to 204")
    look(tmp_path, preexec_fn=limit, JIGATE_MAX_CALLS="12").expect(
        "ok", "files")


def test_small_kernel_buffers(tmp_path):
    if os.geteuid():
        pytest.skip("only root mounts")
    small = tmp_path / "small"
    small.write_text("4096\n")
    mount = ("mount --bind \"$0\" /proc/sys/net/core/rmem_max && exec \"$@\"")
    look(tmp_path, wrap=("unshare", "-m", "sh", "-c", mount, small)).expect(
        "warning", "buffers", "rmem_max is 4096")


def test_more_threads_than_cores(tmp_path):
    look(tmp_path, JIGATE_MEDIA_THREADS="256").expect(
        "warning", "threads", "JIGATE_MEDIA_THREADS is 256")
