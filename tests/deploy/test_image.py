"""The image jigate/jigate: what is in it, and a call through it, started
by jigate-embedded.yml."""
import gzip
import json
import pathlib
import shutil
import tarfile
import time

import pytest

from e2e.scene import Scene
from installed import call_into_meeting, doctor_tells_of_jigasi
from stack import Stack

# Docker puts these into every container.
DOCKERS = {".dockerenv", "dev/console", "etc/hostname", "etc/hosts",
           "etc/mtab", "etc/resolv.conf"}


@pytest.fixture(scope="module")
def content(docker, image, workshop):
    """The files of the image as a tar file."""
    container = docker("create", image).strip()
    path = workshop / "image.tar"
    docker("export", "-o", path, container)
    docker("rm", "-v", container)
    with tarfile.open(path) as tar:
        yield tar


def test_compressed_it_is_smaller_than_40_mb(docker, image, workshop):
    path = workshop / "saved.tar"
    docker("save", "-o", path, image)
    size = 0
    with open(path, "rb") as f, gzip.open(workshop / "saved.gz", "wb",
                                          compresslevel=6) as z:
        shutil.copyfileobj(f, z)
    size = (workshop / "saved.gz").stat().st_size
    print(f"compressed: {size / 1e6:.1f} MB")
    assert size < 40e6


def test_there_is_no_shell_and_nothing_to_become_root_with(content):
    members = [m for m in content.getmembers() if m.name not in DOCKERS]
    programs = {m.name for m in members
                if m.isfile() and m.mode & 0o111 and ".so" not in m.name}
    assert programs == {"usr/bin/jigate"}
    assert not [m.name for m in members if m.mode & 0o6000]
    writable = {m.name for m in members if m.uid or m.mode & 0o2}
    writable -= {m.name for m in members if m.issym()}
    assert {n for n in writable if not n.startswith(("dev", "proc"))} == {
        "tmp", "var/lib/jigate"}


def test_the_bill_of_materials_names_the_package_of_every_library(content):
    bill = json.load(content.extractfile(
        "usr/share/doc/jigate/sbom.spdx.json"))
    assert bill["spdxVersion"] == "SPDX-2.3"
    packages = {p["name"]: p for p in bill["packages"]}
    for name in ("jigate", "libc6", "libsofia-sip-ua0", "libssl3", "libnss3",
                 "libcurl4", "ca-certificates"):
        assert packages[name]["versionInfo"]
    reference = packages["libc6"]["externalRefs"][0]["referenceLocator"]
    assert reference.startswith("pkg:deb/debian/libc6@2.")
    licences = {m.name.split("/")[3] for m in content.getmembers()
                if m.name.endswith("/copyright")}
    assert licences == set(packages) - {"jigate"}


def test_it_says_what_it_is(docker, image):
    config = json.loads(docker("inspect", image))[0]["Config"]
    assert config["User"] == "1000:1000"
    assert config["Healthcheck"]["Test"] == ["CMD", "/usr/bin/jigate",
                                             "--health"]
    labels = config["Labels"]
    said = docker("run", "--rm", "--network=none", "--read-only", image,
                  "--version")
    assert said.split() == ["jigate",
                            labels["org.opencontainers.image.version"]]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_without_passwords_it_names_them_and_ends_with_2(docker, image):
    container = docker("create", "--network=none", "--read-only",
                       image).strip()
    docker("start", container)
    assert docker("wait", container).strip() == "2"
    told = docker("logs", container)
    docker("rm", "-v", container)
    assert "FREESWITCH_REGISTRATION_PASSWORD" in told
    assert "JIGASI_SIP_PASSWORD" in told


@pytest.fixture(scope="module")
def stack(docker, image, workshop):
    s = Stack(docker, image, workshop / "stack")
    try:
        yield s.start()
    finally:
        wrong = s.stop()
    assert not wrong


async def test_a_call_goes_through_the_container(stack, ear):
    async with Scene(stack, ear) as s:
        await call_into_meeting(s)
        volume, = stack.inspect("jigate")["Mounts"]
        await s.jigasi.register()
        kept = list(pathlib.Path(volume["Source"]).iterdir())
        assert any(f.stat().st_size for f in kept), "registrations are kept"


def test_jigasi_was_started_when_sip_answered(stack):
    limit = time.monotonic() + 20
    while stack.inspect("jigasi")["State"]["Status"] != "exited":
        assert time.monotonic() < limit
        time.sleep(0.2)
    state = stack.inspect("jigasi")["State"]
    gateway = stack.inspect("jigate")["State"]
    assert gateway["Health"]["Status"] == "healthy"
    assert state["ExitCode"] == 0
    assert state["StartedAt"] > gateway["Health"]["Log"][0]["End"][:19]


async def test_doctor_looks_at_it_from_inside(stack, ear):
    await doctor_tells_of_jigasi(stack, ear)


def test_its_root_cannot_be_written_and_it_has_no_rights(stack):
    host = stack.inspect("jigate")
    assert host["HostConfig"]["ReadonlyRootfs"] is True
    pid = host["State"]["Pid"]
    status = dict(line.split(":\t", 1) for line in
                  open(f"/proc/{pid}/status") if ":\t" in line)
    assert status["Uid"].split() == ["1000"] * 4
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
