"""The Debian package: installed on a fresh Debian, run by systemd, called,
installed again, purged."""
import os
import re
import time

import pytest

import box
from e2e.scene import Scene
from installed import (Installed, call_into_meeting,
                       doctor_tells_of_jigasi)
from places import ROOT

# What apt and dpkg keep about a package that is gone, or about others.
OF_OTHERS = re.compile(r"^(var/(cache|log|lib/(apt|dpkg|systemd))|run|tmp|"
                       r"proc|sys|dev)(/|$)|^etc/ld.so.cache$|"
                       r"^etc/machine-id$")


@pytest.fixture(scope="module")
def fresh(machine):
    """A Debian that knows its mirrors."""
    machine("apt-get", "-qq", "update")
    return machine


@pytest.fixture(scope="module")
def installed(fresh, package):
    """The package has been installed as an operator would."""
    deb = fresh.root / "root" / package.name
    deb.write_bytes(package.read_bytes())
    needed = box.run("dpkg-deb", "-f", package, "Depends")
    names = re.findall(r"(?:^|, )([a-z0-9.+-]+)", needed)
    fresh("apt-get", "-qq", "install", "--no-install-recommends", "-y",
          *names)
    fresh.before = fresh.files()
    fresh("dpkg", "-i", f"/root/{package.name}")
    return fresh


class Service(Installed):
    """The unit, set up as docs/deploy.md tells."""

    def __init__(self, machine, folder):
        super().__init__(folder)
        self.machine = machine
        self.env = machine.root / "etc/jigate/jigate.env"

    def value(self, name):
        return re.findall(f"(?m)^{name}=(.*)", self.env.read_text())[-1]

    def start(self):
        # One secret in a file of its own, the others in jigate.env.
        store = self.machine.root / "etc/credstore"
        store.mkdir(mode=0o700, exist_ok=True)
        (store / "JIGASI_SIP_PASSWORD").write_text(self.jigasi_password)
        mine = {k: v for k, v in self.settings.items()
                if "PASSWORD" not in k}
        text = re.sub("(?m)^JIGASI_SIP_PASSWORD=.*\n", "",
                      self.env.read_text())
        self.env.write_text(text + "".join(
            f"{k}={v}\n" for k, v in mine.items()))
        self.password = self.value("FREESWITCH_REGISTRATION_PASSWORD")
        self.machine.start()
        self.machine("systemctl", "enable", "--now", "jigate")
        self.wait_ready()
        return self

    def ask(self, *words):
        """What jigate says, run by root with the service's settings."""
        return self.machine(
            "env", "CREDENTIALS_DIRECTORY=/etc/credstore", "jigate", *words,
            "--config", "/etc/jigate/jigate.env")

    def show(self, name):
        return self.machine("systemctl", "show", "-P", name,
                            "jigate").strip()

    def log(self):
        return self.machine("journalctl", "-u", "jigate", "-o", "cat",
                            "--no-pager")

    def stop(self):
        self.machine("systemctl", "stop", "jigate")
        self.log_path.write_text(self.log())
        ended = f"{self.show('Result')} {self.show('ExecMainStatus')}"
        return [ended] * (ended != "success 0") + self.findings()


@pytest.fixture(scope="module")
def service(installed, workshop):
    installed("/usr/share/jigate/gen-jigate-passwords.sh",
              "/etc/jigate/jigate.env")
    s = Service(installed, workshop / "service")
    yield s.start()
    installed.stop()


def test_lintian_finds_nothing_to_complain_of(package):
    said = box.run("lintian", "--allow-root", "--fail-on", "error,warning",
                   package)
    assert said == ""


def test_it_is_not_started_before_there_are_passwords(installed):
    env = installed.root / "etc/jigate/jigate.env"
    assert env.stat().st_mode & 0o777 == 0o600
    wants = installed.root / "etc/systemd/system/multi-user.target.wants"
    assert not (wants / "jigate.service").is_symlink()
    with pytest.raises(AssertionError, match="FREESWITCH_REGISTRATION_PASS"):
        installed("jigate", "--config", "/etc/jigate/jigate.env", "--check")


def test_every_file_of_make_install_is_in_the_package(installed):
    for path in ("usr/bin/jigate", "usr/share/man/man8/jigate.8.gz",
                 "lib/systemd/system/jigate.service",
                 "usr/share/jigate/sounds/en/8000",
                 "usr/share/doc/jigate/deploy.md"):
        assert any((installed.root / path).parent.glob(
            (installed.root / path).name + "*")), path


async def test_a_call_goes_through_the_service(service, ear):
    async with Scene(service, ear) as s:
        await call_into_meeting(s)


def test_it_runs_as_nobody_in_particular(service):
    assert service.show("Type") == "notify"
    assert service.show("DynamicUser") == "yes"
    assert service.show("WatchdogUSec") == "30s"
    pid = service.show("MainPID")
    uid = int(service.machine("stat", "-c", "%u", f"/proc/{pid}"))
    assert 61184 <= uid <= 65519, "the range of dynamic users"
    environment = service.machine("cat", f"/proc/{pid}/environ")
    assert service.password not in environment
    assert service.jigasi_password not in environment


def test_its_exposure_is_at_most_2(service):
    told = service.machine("systemd-analyze", "security", "--no-pager",
                           "jigate")
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert float(level[1]) <= 2.0
    manual = (ROOT / "docs/deploy.md").read_text()
    assert f"`systemd-analyze security jigate` says {level[1]}." in manual


async def test_doctor_looks_at_it_as_root(service, ear):
    service.ask("--check")
    await doctor_tells_of_jigasi(service, ear)


def test_installed_again_it_keeps_settings_and_runs(service):
    machine = service.machine
    before = service.env.read_text(), service.show("MainPID")
    machine("sh", "-c", "dpkg -i /root/jigate_*.deb")
    service.wait_ready()
    assert service.env.read_text() == before[0]
    assert service.env.stat().st_mode & 0o777 == 0o600
    assert service.show("MainPID") not in ("0", before[1])


def test_the_watchdog_starts_it_again_when_it_stands_still(service):
    # Two seconds instead of the unit's thirty, for the test.
    drop_in = "/run/systemd/system/jigate.service.d/soon.conf"
    machine = service.machine
    machine("mkdir", "-p", os.path.dirname(drop_in))
    machine("sh", "-c", f"printf '[Service]\\nWatchdogSec=2\\n' >{drop_in}")
    machine("systemctl", "daemon-reload")
    machine("systemctl", "restart", "jigate")
    service.wait_ready()
    before = service.show("MainPID")
    time.sleep(5)
    assert service.show("MainPID") == before, "it tells that it is alive"
    machine("systemctl", "kill", "--kill-whom=main", "--signal=SIGSTOP",
            "jigate")
    limit = time.monotonic() + 15
    while service.show("MainPID") in ("0", before):
        assert time.monotonic() < limit, service.log()[-1000:]
        time.sleep(0.2)
    service.wait_ready()
    assert "Watchdog timeout" in service.log()
    machine("rm", "-r", os.path.dirname(drop_in))
    machine("systemctl", "daemon-reload")


def test_systemd_starts_it_again_when_it_crashes(service):
    state = service.machine.root / "var/lib/private/jigate"
    assert state.is_dir()
    service.machine("systemctl", "restart", "jigate")
    service.wait_ready()
    before = service.show("MainPID")
    service.machine("systemctl", "kill", "--signal=SIGABRT", "jigate")
    service.wait_ready()
    assert service.show("Result") == "success"
    assert int(service.show("NRestarts")) >= 1
    assert service.show("MainPID") not in ("0", before)


def test_it_ends_in_peace(service):
    wrong = service.stop()
    assert not [w for w in wrong if "SIGABRT" not in w]


def test_purging_leaves_nothing(service):
    machine = service.machine
    machine("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--purge",
            "jigate")
    machine("systemctl", "daemon-reload")
    machine.stop()
    (machine.root / "etc/credstore/JIGASI_SIP_PASSWORD").unlink()
    left = {p for p in machine.files() - machine.before
            if not OF_OTHERS.match(p)}
    assert {p for p in left if "jigate" in p} == set()
    assert not left & {p for p in left if p.startswith(("usr/", "lib/"))}
