"""Network namespaces (Linux): networks of a test's own, with addresses, NAT
and loss as it needs them. For root alone; needs unshare, nsenter, ip, nft."""
import contextlib
import ctypes
import os
import shutil
import subprocess

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def missing():
    """What is not there to make one, or None."""
    if os.geteuid() != 0:
        return "namespaces are for root"
    for tool in ("unshare", "nsenter", "ip", "nft"):
        if not shutil.which(tool):
            return f"no {tool} here"
    if subprocess.run(["unshare", "-n", "true"],
                      stderr=subprocess.DEVNULL).returncode:
        return "no namespaces here"
    return None


def _check(status):
    if status:
        raise OSError(ctypes.get_errno(), "namespace cannot be entered")


class Space:
    """A namespace, held by a process that sleeps."""

    def __init__(self):
        self.holder = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo; exec sleep infinity"],
            stdout=subprocess.PIPE)
        self.holder.stdout.readline()  # it is there now
        self.pid = self.holder.pid
        self.run("ip link set lo up")

    def close(self):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()

    def run(self, script):
        """Run shell commands in it."""
        return subprocess.run(
            ["nsenter", "-t", str(self.pid), "-n", "sh", "-ec", script],
            check=True, stdout=subprocess.PIPE, text=True).stdout

    def link(self, name, other, other_name):
        """A cable to another one, an end in each."""
        self.run(f"ip link add name {name} type veth peer name {other_name} "
                 f"netns {other.pid}; ip link set {name} up")
        other.run(f"ip link set {other_name} up")

    @contextlib.contextmanager
    def entered(self):
        """Sockets that are made, and processes that are started, by this
        thread meanwhile are in the namespace."""
        with open("/proc/thread-self/ns/net") as home, \
                open(f"/proc/{self.pid}/ns/net") as there:
            _check(libc.setns(there.fileno(), CLONE_NEWNET))
            try:
                yield self
            finally:
                _check(libc.setns(home.fileno(), CLONE_NEWNET))


def inside(space):
    """entered() of a space, or nothing of None."""
    return space.entered() if space else contextlib.nullcontext()
