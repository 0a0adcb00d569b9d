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
from installed import Installed, call_into_meeting
from places import ROOT

MEET = ROOT / "tests/deploy/docker-jitsi-meet"

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
    for name in ("jigate", "libc6", "libsofia-sip-ua0", "libssl3",
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


class Stack(Installed):
    """jigate-embedded.yml on docker-jitsi-meet, with what must differ here:
    this daemon has no bridge, so the containers share our network, and
    Jigasi is a program that asks whether SIP is up, once."""

    def __init__(self, docker, image, folder):
        super().__init__(folder)
        self.docker, self.image = docker, image
        self.file = self.folder / "stack.json"

    def start(self):
        import yaml
        for path in [*MEET.glob("*.yml"), ROOT / "jigate-embedded.yml"]:
            shutil.copy(path, self.folder)
        (self.folder / ".env").write_text("".join(
            f"{k}={v}\n" for k, v in self.settings.items()))
        merged = yaml.safe_load(self.docker.compose(
            "--project-directory", self.folder,
            "-f", self.folder / "docker-compose.yml",
            "-f", self.folder / "jigasi.yml",
            "-f", self.folder / "jigate-embedded.yml", "config"))
        services = {name: merged["services"][name]
                    for name in ("jigate", "jigasi")}
        for s in services.values():
            del s["networks"], s["ports"]
            s["network_mode"] = "host"
        address = {"JIGATE_REST_ADDRESS": f"{self.net}.1"}
        services["jigate"]["environment"].update(address)
        services["jigasi"].update(
            image=self.image, entrypoint=["/usr/bin/jigate", "--health"],
            restart="no", environment=address)
        del services["jigasi"]["depends_on"]["prosody"]
        self.file.write_text(json.dumps({
            "version": "2.4", "services": services,
            "volumes": merged["volumes"]}))
        self.compose("up", "-d")
        self.wait_ready()
        return self

    def compose(self, *command):
        return self.docker.compose("-f", self.file, "-p", "jigate", *command)

    def inspect(self, service):
        return json.loads(self.docker(
            "inspect", self.compose("ps", "-q", service).strip()))[0]

    def log(self):
        return self.compose("logs", "--no-color", "jigate")

    def stop(self):
        self.compose("stop", "jigate")
        code = self.inspect("jigate")["State"]["ExitCode"]
        self.log_path.write_text(self.log())
        self.compose("down", "-v")
        return [f"ended with {code}"] * (code != 0) + self.findings()


@pytest.fixture(scope="module")
def stack(docker, image, workshop):
    s = Stack(docker, image, workshop / "stack")
    s.start()
    yield s
    assert not s.stop()


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


def test_its_root_cannot_be_written_and_it_has_no_rights(stack):
    host = stack.inspect("jigate")
    assert host["HostConfig"]["ReadonlyRootfs"] is True
    pid = host["State"]["Pid"]
    status = dict(line.split(":\t", 1) for line in
                  open(f"/proc/{pid}/status") if ":\t" in line)
    assert status["Uid"].split() == ["1000"] * 4
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
