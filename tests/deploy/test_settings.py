"""Every setting is in the program, in jigate.env, in the manual page and in
the compose files, and there is none besides."""
import importlib.machinery
import importlib.util
import os
import re
import subprocess

import pytest

from places import BINARY, BUILD, ROOT

AGAIN = f"run: make settings BUILD={os.path.relpath(BUILD, ROOT)}"
DIRECTORIES = {"JIGATE_STATE_DIR", "JIGATE_SOUNDS_DIR",
               "JIGATE_FREESWITCH_SOUNDS_DIR"}  # the image decides
OTHER_NAMES = {"FREESWITCH_REGISTRATION_USER"}
ASSIGNED = re.compile(r"^#?([A-Z][A-Z0-9_]+)=", re.M)


def helped(says):
    return re.findall(r"^  ([A-Z][A-Z0-9_]+)$", says("--help"), re.M)


@pytest.mark.parametrize("name", ["jigate.env", "jigate.yml",
                                  "jigate-embedded.yml"])
def test_what_is_made_from_the_table_is_up_to_date(name):
    loader = importlib.machinery.SourceFileLoader(
        "settings", str(ROOT / "deploy/settings"))
    maker = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("settings", loader))
    loader.exec_module(maker)
    made = maker.files(BINARY)[ROOT / name].splitlines()
    there = (ROOT / name).read_text().splitlines()
    assert not set(made) - set(there), f"{name} lacks these; {AGAIN}"
    assert not set(there) - set(made), f"{name} has too much; {AGAIN}"
    assert there == made, AGAIN


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


def service(file, name):
    """The variables that a service of a compose file is given."""
    text = (ROOT / file).read_text()
    body = re.search(rf"^    {name}:\n((?:        .*\n|\n)+)", text, re.M)[1]
    names = re.findall(r"^            - ([A-Z]+_[A-Z0-9_]+)(?==|$)", body,
                       re.M)
    assert len(set(names)) == len(names)
    return set(names)


def facts(says, words):
    """The settings of which --help tells this."""
    return {re.match(r"[A-Z0-9_]+", entry)[0]
            for entry in re.split(r"\n  (?=[A-Z])", says("--help"))
            if words in " ".join(entry.split("\n\n")[0].split())}


def read_by_starter():
    """The settings that FreeSWITCH's starter names in its code."""
    code = re.sub(r"(?m)^ *#.*|\bput(_xml)? [A-Z_]+", "", (
        ROOT / "freeswitch/usr/local/bin/jigate-freeswitch").read_text())
    return {n for n in re.findall(
        r"\b(?:FREESWITCH|SIPGW|JIGASI|JIGATE)_[A-Z_]+[A-Z]\b|\bLOG_LEVEL\b",
        code) if not re.match("JIGATE_FREESWITCH_", n)}


def test_compose_gives_the_embedded_gateway_every_setting(says):
    names = set(helped(says)) - DIRECTORIES | OTHER_NAMES
    assert service("jigate-embedded.yml", "jigate") == \
        names - facts(says, "read by jigate-freeswitch alone") - {
            "FREESWITCH_SERVER", "FREESWITCH_ESL_PORT",
            "FREESWITCH_ESL_PASSWORD"}


def test_compose_gives_freeswitch_every_setting_that_it_reads(says):
    given = service("jigate.yml", "freeswitch")
    assert given == read_by_starter()
    assert given - set(helped(says)) == OTHER_NAMES, "all are in jigate.env"


def test_what_only_the_embedded_engine_reads_is_told_so(says):
    told = facts(says, "embedded engine only")
    assert told and not told & read_by_starter()
    alone = facts(says, "read by jigate-freeswitch alone")
    assert alone and alone < read_by_starter()


def test_with_freeswitch_every_setting_reaches_whom_it_is_for(says):
    control = service("jigate.yml", "jigate")
    both = control | service("jigate.yml", "freeswitch")
    assert both == set(helped(says)) - DIRECTORIES - \
        facts(says, "embedded engine only") | OTHER_NAMES
    assert {n for n in control if "PASSWORD" in n} - {
        "JIGATE_HEADER_PASSWORD"} == {"FREESWITCH_ESL_PASSWORD"}
