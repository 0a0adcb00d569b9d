"""A network namespace of its own for a program, joined to ours by two wires
of which one can be cut: nothing that is sent over it arrives, and nobody is
told. For root, with iproute2."""
import os
import random
import shutil
import subprocess

MISSING = "networks of one's own need root, and ip, nsenter and unshare"


def possible():
    return os.geteuid() == 0 and all(
        shutil.which(p) for p in ("ip", "nsenter", "unshare"))


class Apart:
    """wire: (our address, theirs), the one that can be cut; safe: the same,
    which cannot. Run programs there by program(path)."""

    def __init__(self, folder):
        self._folder = folder
        self._holder = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo; exec sleep 86400"],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self._holder.stdout.readline()  # the namespace is there
        net = f"10.{random.randint(1, 250)}.{random.randint(1, 250)}"
        self.wire = f"{net}.1", f"{net}.2"
        self.safe = f"{net}.5", f"{net}.6"
        self.network = f"{net}.0/30"
        self._names = [f"jg{os.getpid()}{end}" for end in ("w", "s")]
        self._there("ip", "link", "set", "lo", "up")
        for name, (ours, theirs) in zip(self._names, (self.wire, self.safe)):
            self._here("ip", "link", "add", name, "type", "veth", "peer",
                       "name", name, "netns", str(self._holder.pid))
            for run, address in (self._here, ours), (self._there, theirs):
                run("ip", "address", "add", f"{address}/30", "dev", name)
                run("ip", "link", "set", name, "up")

    def _here(self, *command):
        subprocess.run(command, check=True)

    def _there(self, *command):
        self._here("nsenter", "-t", str(self._holder.pid), "-n", *command)

    def program(self, path):
        """A program that runs this one over there, with the same pid."""
        script = self._folder / f"apart-{path.name}"
        script.write_text(f'#!/bin/sh\nexec nsenter -t {self._holder.pid} -n '
                          f'"{path}" "$@"\n')
        script.chmod(0o755)
        return script

    def _neighbours(self, action, *lladdr):
        ours, theirs = self.wire
        name = self._names[0]
        for run, address in (self._here, theirs), (self._there, ours):
            run("ip", "neigh", action, address, *lladdr, "dev", name)

    def cut(self):
        """What is sent goes to hardware that does not exist."""
        self._neighbours("replace", "lladdr", "02:00:00:00:00:01", "nud",
                         "permanent")

    def heal(self):
        self._neighbours("del")

    def close(self):
        for name in self._names:
            subprocess.run(["ip", "link", "del", name], check=False,
                           stderr=subprocess.DEVNULL)
        self._holder.kill()
        self._holder.wait()
        self._holder.stdout.close()
