"""Every setting is in the program, in jigate.env, in the manual page and in
the compose files, and there is none besides."""
import re
import subprocess

import pytest

from places import BINARY, ROOT

DIRECTORY = "STATE_DIR|SOUNDS_DIR"  # the image decides
# Settings of FreeSWITCH's image alone.
OF_FREESWITCH = {"FREESWITCH_ESL_ADDRESS", "FREESWITCH_ESL_ALLOWED",
                 "FREESWITCH_PARK_TIMEOUT", "FREESWITCH_SIP_TRACE",
                 "FREESWITCH_SRTP"}
ASSIGNED = re.compile(r"^#?([A-Z][A-Z0-9_]+)=", re.M)


def helped(says):
    return re.findall(r"^  ([A-Z][A-Z0-9_]+)$", says("--help"), re.M)


def test_jigate_env_is_what_the_program_prints(says):
    assert (ROOT / "jigate.env").read_text() == says("--sample"), \
        "write it anew: jigate --sample >jigate.env"


def test_sample_and_help_tell_the_same_settings(says):
    names = helped(says)
    assert len(names) > 40
    assert ASSIGNED.findall(says("--sample")) == names


@pytest.fixture(scope="module")
def page():
    return subprocess.run([ROOT / "deploy/manpage", BINARY], check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def test_manual_page_tells_the_settings_and_options_of_the_program(
        says, page):
    terms = re.findall(r"^\.TP\n\.B (.*)$", page, re.M)
    plain = [t.replace("\\-", "-") for t in terms]
    assert [t for t in plain if re.fullmatch("[A-Z][A-Z0-9_]{5,}", t)] == \
        helped(says)
    for option in re.findall(r"^  +(?:-., )?(--[a-z]+)", says("--help"),
                             re.M):
        assert any(option in t for t in plain), option


def test_manual_page_is_rendered_without_a_warning(page, tmp_path):
    (tmp_path / "jigate.8").write_text(page)
    r = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l",
                        tmp_path / "jigate.8"], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True,
                       env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80",
                            "LC_ALL": "C.UTF-8"})
    assert r.returncode == 0 and r.stderr == ""
    assert "FREESWITCH_REGISTRATION_PASSWORD" in r.stdout


def service(text, name):
    """The variables that a service of a compose file is given."""
    body = re.search(rf"^    {name}:\n((?:        .*\n|\n)+)", text, re.M)[1]
    return set(re.findall(r"^            - ([A-Z]+_[A-Z0-9_]+)(?==|$)", body,
                          re.M))


def test_compose_gives_the_embedded_gateway_every_setting(says):
    text = (ROOT / "jigate-embedded.yml").read_text()
    names = {n for n in helped(says) if not re.search(DIRECTORY, n)}
    assert service(text, "jigate") == {
        n for n in names if n not in ("FREESWITCH_SERVER",
                                      "FREESWITCH_ESL_PORT",
                                      "FREESWITCH_ESL_PASSWORD")}


def test_compose_gives_nothing_that_the_program_does_not_know(says):
    text = (ROOT / "jigate.yml").read_text()
    names = set(helped(says))
    assert service(text, "jigate") <= names
    assert service(text, "freeswitch") - names <= OF_FREESWITCH
    both = service(text, "jigate") | service(text, "freeswitch")
    assert names - both == {
        n for n in names if re.search(DIRECTORY, n)} | {
        "JIGATE_INTERNAL_RTP_START_PORT", "JIGATE_INTERNAL_RTP_END_PORT", "JIGATE_MEDIA_THREADS"}
