"""Docker and systemd for the tests: what they need of the machine, started
in a temporary folder and taken away again."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import time

from places import ROOT

SUITE = "bookworm"
MIRRORS = [f"deb http://deb.debian.org/debian {SUITE} main",
           f"deb http://deb.debian.org/debian-security {SUITE}-security main"]


class Cannot(Exception):
    """This machine cannot do it; the text says why."""


def run(*command, **options):
    """Run it; output is kept and told when the command fails."""
    r = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                       text=True, errors="replace", **options)
    if r.returncode:
        raise AssertionError(f"{' '.join(map(str, command))} ended with "
                             f"{r.returncode}:\n{r.stdout[-4000:]}")
    return r.stdout


def need(*programs):
    if os.geteuid() != 0:
        raise Cannot("root is needed")
    missing = [p for p in programs if not shutil.which(p)]
    if missing:
        raise Cannot(f"{', '.join(missing)} not installed "
                     "(scripts/install-deps deploy)")
    r = subprocess.run(["unshare", "--mount", "true"], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if r.returncode:
        raise Cannot("root may not mount here: " + r.stdout.strip())


def sources(to):
    """A copy of what git would hand out, and nothing of a build."""
    names = run("git", "-c", "safe.directory=*", "-C", ROOT, "ls-files", "-z",
                "-co", "--exclude-standard").split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def debian(folder):
    """A fresh Debian as a tar file."""
    need("mmdebstrap")
    tar = folder / "debian.tar"
    run("mmdebstrap", "--quiet", "--variant=minbase",
        "--include=ca-certificates,systemd-sysv", SUITE, tar, *MIRRORS)
    return tar


def left_behind(folder):
    """What still runs or is mounted in the folder: a list of findings. Among
    the mounts are network namespaces of containers."""
    found = [f"mounted: {line.split()[1]}" for line in open("/proc/mounts")
             if line.split()[1].startswith(f"{folder}/")]
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (process / "cmdline").read_bytes().split(b"\0")
            root = os.readlink(process / "root")
            if root.startswith(f"{folder}/") or any(
                    str(folder).encode() in word for word in line):
                found.append(f"runs: {b' '.join(line).decode()}")
    return found


def remove(folder):
    """The folder with all that is mounted below it."""
    mounts = [line.split()[1] for line in open("/proc/mounts")]
    for path in sorted(mounts, reverse=True):
        if path.startswith(f"{folder}/"):
            subprocess.run(["umount", "-l", path], check=False)
    shutil.rmtree(folder)


def end(process, number, timeout):
    """End a process that we started and wait for it."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Docker:
    """A Docker daemon of our own, which leaves the machine's network and
    its other daemons alone."""

    def __init__(self, folder):
        need("dockerd", "docker-compose")
        self.folder = folder
        self.environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(folder),
            "DOCKER_HOST": f"unix://{folder}/sock"}
        with open(folder / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["dockerd", "--iptables=false", "--ip6tables=false",
                 "--bridge=none", "--data-root", folder / "data",
                 "--exec-root", folder / "exec", "--pidfile", folder / "pid",
                 "--host", f"unix://{folder}/sock"], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True)
        limit = time.monotonic() + 20
        while subprocess.run(["docker", "version"], env=self.environment,
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL).returncode:
            if self.process.poll() is not None or time.monotonic() > limit:
                self.stop()
                log = (folder / "log").read_text(errors="replace")
                raise Cannot("dockerd does not run here: " + log[-300:])
            time.sleep(0.2)

    def __call__(self, *command, **options):
        return run("docker", *command, env=self.environment, **options)

    def compose(self, *command):
        return run("docker-compose", *command, env=self.environment)

    def stop(self):
        if self.process.poll() is None:
            left = subprocess.run(["docker", "ps", "-aq"], text=True,
                                  env=self.environment,
                                  stdout=subprocess.PIPE).stdout.split()
            if left:
                subprocess.run(["docker", "rm", "-f", "-v", *left],
                               env=self.environment,
                               stdout=subprocess.DEVNULL)
        end(self.process, signal.SIGTERM, 30)
        # The daemon's handle of our own network namespace outlives it.
        subprocess.run(["umount", self.folder / "exec/netns/default"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Machine:
    """A Debian in a folder; once started, with systemd as its first process
    and the network of this machine."""

    def __init__(self, tar, folder):
        need("systemd-nspawn", "nsenter")
        self.root = folder / "root"
        self.root.mkdir()
        run("tar", "xf", tar, "-C", self.root)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        (self.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        self.process, self.console = None, folder / "console"

    def start(self):
        with open(self.console, "wb") as log:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--boot", "--register=no", "--keep-unit",
                 f"--machine=jigate-{os.getpid()}", "-D", self.root],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True)
        limit = time.monotonic() + 60
        while True:
            with contextlib.suppress(AssertionError, OSError, IndexError):
                self("systemctl", "is-system-running", "--wait")
                return self
            text = self.console.read_text(errors="replace")
            if self.process.poll() is not None or time.monotonic() > limit:
                self.stop()
                raise Cannot("systemd does not boot here: " + text[-500:])
            time.sleep(0.2)

    def __call__(self, *command):
        """Run inside: beside systemd when it runs, else in a chroot."""
        if self.process is None:
            return run("systemd-nspawn", "--quiet", "--pipe",
                       "--register=no", "--keep-unit", "-D", self.root,
                       "--setenv=DEBIAN_FRONTEND=noninteractive", *command)
        pid = self.process.pid
        first = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return run("nsenter", "-t", first.split()[0], "-m", "-u", "-i", "-p",
                   *command)

    def files(self):
        """All paths of its own file system."""
        return {str(p.relative_to(self.root))
                for p in self.root.rglob("*") if not p.is_mount()}

    def stop(self):
        if self.process is not None:
            with contextlib.suppress(AssertionError, OSError, IndexError):
                self("systemctl", "poweroff")
                self.process.wait(20)
            end(self.process, signal.SIGTERM, 20)
            self.process = None
