"""gen-jigate-passwords.sh"""
import re
import subprocess

from places import ROOT

NAMES = ["FREESWITCH_REGISTRATION_PASSWORD", "JIGASI_SIP_PASSWORD",
         "FREESWITCH_ESL_PASSWORD"]


def fill(path):
    return subprocess.run([ROOT / "gen-jigate-passwords.sh", path],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True)


def test_missing_and_empty_ones_are_made_and_others_are_left(tmp_path):
    env = tmp_path / ".env"
    env.write_text("# mine\nCONFIG=~/.jitsi\nJIGASI_SIP_PASSWORD=given-one\n"
                   "FREESWITCH_REGISTRATION_PASSWORD=\nTZ=UTC\n")
    env.chmod(0o640)
    assert fill(env).returncode == 0
    lines = env.read_text().splitlines()
    assert lines[:3] == ["# mine", "CONFIG=~/.jitsi",
                         "JIGASI_SIP_PASSWORD=given-one"]
    assert re.fullmatch(NAMES[0] + "=[0-9a-f]{32}", lines[3])
    assert lines[4] == "TZ=UTC"
    assert re.fullmatch(NAMES[2] + "=[0-9a-f]{32}", lines[5])
    assert len(lines) == 6 and lines[3][-32:] != lines[5][-32:]
    assert env.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [env]


def test_a_second_run_changes_nothing(tmp_path):
    env = tmp_path / ".env"
    env.write_text((ROOT / "jigate.env").read_text())
    assert fill(env).stdout.count("made") == 3
    before = env.read_text()
    second = fill(env)
    assert (second.returncode, second.stdout) == (0, "")
    assert env.read_text() == before


def test_passwords_are_not_printed(tmp_path):
    env = tmp_path / ".env"
    env.write_text("")
    out = fill(env).stdout
    for name in NAMES:
        assert re.search(f"{name}=(.*)", env.read_text())[1] not in out


def test_without_a_file_it_says_where_to_run_it(tmp_path):
    r = fill(tmp_path / "none")
    assert r.returncode == 1 and "docker-jitsi-meet" in r.stdout
    assert list(tmp_path.iterdir()) == []
