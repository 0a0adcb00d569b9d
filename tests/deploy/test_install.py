"""make install into a DESTDIR."""
import re
import subprocess

import pytest

from places import BUILD, ROOT


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed")
    subprocess.run(["make", "install", f"BUILD={BUILD}",
                    f"DESTDIR={folder}"], check=True, cwd=ROOT,
                   stdout=subprocess.DEVNULL)
    return folder


def only(tree, pattern):
    found = list(tree.rglob(pattern))
    assert len(found) == 1, (pattern, found)
    return found[0]


def test_the_unit_starts_what_was_installed(tree):
    unit = only(tree, "jigate.service").read_text()
    assert not re.search("@[a-z]+@", unit)
    program = "/" + str(only(tree, "bin/jigate").relative_to(tree))
    settings = "/" + str(only(tree, "etc/jigate/jigate.env").relative_to(
        tree))
    assert f"ExecStart={program} --config" in unit
    assert f"LoadCredential=jigate.env:{settings}" in unit


def test_settings_are_readable_by_their_owner_alone(tree):
    env = only(tree, "jigate.env")
    assert env.stat().st_mode & 0o777 == 0o600
    assert env.read_text() == (ROOT / "jigate.env").read_text()


def test_the_unit_takes_every_secret_as_a_credential(tree, says):
    unit = only(tree, "jigate.service").read_text()
    blocks = says("--sample").split("\n\n")
    secrets = [b.splitlines()[-1].lstrip("#").split("=")[0] for b in blocks
               if "secret]" in b]
    assert len(secrets) == 5
    for name in secrets:
        assert f"LoadCredential={name}\n" in unit


def test_manual_page_and_prompts_are_there(tree):
    assert only(tree, "man8/jigate.8").stat().st_size > 5000
    assert list(tree.rglob("sounds/en/8000/*.wav"))
