"""jigate --check: every fault in one go, named; no secret told."""
import pytest

from program import GOOD, run


def test_usable_settings_are_said_to_be_so():
    result = run("--check")
    assert result.returncode == 0
    assert result.stdout == "jigate: the settings are usable\n"


def test_nothing_set_tells_what_is_mandatory():
    result = run("--check", env={})
    assert result.returncode == 2
    assert "error: FREESWITCH_REGISTRATION_PASSWORD" in result.stderr
    assert "error: JIGASI_SIP_PASSWORD" in result.stderr
    assert "FREESWITCH_ESL_PASSWORD" not in result.stderr


def test_every_fault_comes_in_one_go():
    wrong = {"REST_PORT": "http", "LOG_LEVEL": "loud",
             "FREESWITCH_RTP_END_PORT": "20000",
             "JIGASI_SIP_PASSWORD": "secret",
             "JIGATE_MEETING_LOOKUP": "https://mapper/",
             "FREESWITCH_INTERNAL_IP": "interface:ipv4/nosuch0",
             "JIGATE_TRUSTED_NETWORKS": "everywhere",
             "JIGATE_KEYS": "*6=dance"}
    result = run("--check", env={**GOOD, **wrong})
    assert result.returncode == 2
    faults = [line for line in result.stderr.splitlines()
              if line.startswith("error: ")]
    assert len(faults) == len(wrong)
    for name in wrong:
        assert any(line.startswith(f"error: {name}") for line in faults)
    assert "lo (127.0.0.1)" in result.stderr


def test_the_keys_and_the_engine_are_checked_too():
    result = run("--check", env={**GOOD, "JIGATE_KEYS": "*6=dance"})
    assert result.returncode == 2
    assert "error: JIGATE_KEYS" in result.stderr


def test_a_header_of_sip_itself_cannot_be_taken_nor_one_twice():
    result = run("--check", env={**GOOD, "JIGATE_HEADER_ROOM": "Via",
                                 "JIGATE_HEADER_PASSWORD": "Via"})
    assert result.returncode == 2
    assert "error: JIGATE_HEADER_ROOM" in result.stderr
    assert "error: JIGATE_HEADER_PASSWORD" in result.stderr
    result = run("--check", env={**GOOD, "JIGATE_HEADER_ROOM": "X-One",
                                 "JIGATE_HEADER_PASSWORD": "x-one"})
    assert result.returncode == 2
    assert "error: JIGATE_HEADER_PASSWORD: expected another header than " \
        "that of JIGATE_HEADER_ROOM" in result.stderr


def test_dialling_out_needs_a_trunk():
    out = {**GOOD, "JIGATE_DIALOUT_ALLOW": "+49"}
    result = run("--check", env=out)
    assert result.returncode == 0
    assert "warning: JIGATE_DIALOUT_ALLOW: there is no trunk" in result.stderr
    result = run("--check", env={**out, "SIPGW_SIP_PASSWORD": "Zq7-trunk"})
    assert "warning" not in result.stderr


def test_a_file_is_read_and_the_environment_wins(tmp_path):
    path = tmp_path / "jigate.env"
    path.write_text("REST_PORT=1\nLOG_LEVEL=loud\nJIGATE_ANSWER=never\n")
    result = run("--check", "--config", path,
                 env={**GOOD, "LOG_LEVEL": "info"})
    assert result.returncode == 2
    assert "LOG_LEVEL" not in result.stderr
    assert f"JIGATE_ANSWER ({path} line 3)" in result.stderr
    result = run("--check", "-c", tmp_path / "none.env")
    assert result.returncode == 2
    assert "none.env: cannot be read: No such file" in result.stderr


def test_the_sample_with_passwords_is_usable(tmp_path):
    path = tmp_path / "jigate.env"
    text = run("--sample", env={}).stdout
    for name in ("FREESWITCH_REGISTRATION_PASSWORD", "JIGASI_SIP_PASSWORD"):
        assert f"\n{name}=\n" in text
        text = text.replace(f"\n{name}=\n", f"\n{name}='{GOOD[name]}'\n")
    path.write_text(text)
    sounds = {"JIGATE_SOUNDS_DIR": GOOD["JIGATE_SOUNDS_DIR"]}
    result = run("--check", "--config", path, env=sounds)
    assert result.returncode == 0, result.stderr


SECRETS = ("FREESWITCH_REGISTRATION_PASSWORD", "JIGASI_SIP_PASSWORD",
           "FREESWITCH_ESL_PASSWORD", "SIPGW_SIP_PASSWORD",
           "JIGATE_MEETING_LOOKUP_TOKEN")


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", ["Zq1", "Zq7-hidden-in-here\x01",
                                   "Zq7-hidden " + 5000 * "y"])
def test_a_secret_is_never_told(name, value):
    env = {**GOOD, "JIGATE_ENGINE": "freeswitch", name: value}
    for args in (["--check"], ["--help"], ["--sample"]):
        result = run(*args, env=env)
        assert "Zq" not in result.stdout + result.stderr


def test_a_secret_file_serves_and_is_never_told(tmp_path):
    path = tmp_path / "secret"
    env = {**GOOD, "JIGASI_SIP_PASSWORD_FILE": str(path)}
    del env["JIGASI_SIP_PASSWORD"]
    path.write_text("Zq7-hidden-in-a-file\n")
    assert run("--check", env=env).returncode == 0
    path.write_text("Zq7-hidden\nin two lines\n")
    result = run("--check", env=env)
    assert result.returncode == 2
    assert "error: JIGASI_SIP_PASSWORD" in result.stderr
    assert "Zq7" not in result.stdout + result.stderr
    env["JIGASI_SIP_PASSWORD"] = GOOD["JIGASI_SIP_PASSWORD"]
    result = run("--check", env=env)
    assert result.returncode == 2
    assert "both set" in result.stderr


def test_credentials_of_systemd_serve(tmp_path):
    for name in ("FREESWITCH_REGISTRATION_PASSWORD", "JIGASI_SIP_PASSWORD"):
        (tmp_path / name).write_text(GOOD[name])
    env = {name: value for name, value in GOOD.items()
           if "PASSWORD" not in name}
    env["CREDENTIALS_DIRECTORY"] = str(tmp_path)
    result = run("--check", env=env)
    assert result.returncode == 0, result.stderr


def test_faulty_settings_do_not_start():
    result = run(env={**GOOD, "REST_PORT": "0"})
    assert result.returncode == 2
    assert "error: REST_PORT" in result.stderr


def test_a_state_folder_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    for folder, why in (("file", "Not a directory"),
                        ("file/x", "Not a directory"),
                        ("a/b", "No such file")):
        wanted = str(tmp_path / folder)
        result = run("--check", env={**GOOD, "JIGATE_STATE_DIR": wanted})
        assert result.returncode == 0
        assert f'warning: JIGATE_STATE_DIR: expected a folder that this user '\
            f'may write to, got "{wanted}": {why}' in result.stderr
    for folder in (tmp_path, tmp_path / "made-at-start"):
        result = run("--check", env={**GOOD, "JIGATE_STATE_DIR": str(folder)})
        assert (result.returncode, result.stderr) == (0, "")
    assert not (tmp_path / "made-at-start").exists()
