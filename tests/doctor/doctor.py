"""jigate doctor, run on settings or beside a gateway; its findings read."""
import contextlib
import dataclasses
import os
import re
import socket
import subprocess

from places import BINARY, SOUNDS

GOOD = {
    "FREESWITCH_REGISTRATION_PASSWORD": "x7rTq21LmWz-phone",
    "JIGASI_SIP_PASSWORD": "pp92kdUUw1x-jigasi",
    "FREESWITCH_EXTERNAL_IP": "127.0.0.1",
    "XMPP_MUC_DOMAIN": "muc.meet.jitsi",
    "JIGATE_SOUNDS_DIR": str(SOUNDS),
}


@dataclasses.dataclass
class Finding:
    severity: str
    check: str
    text: str     # with what to do, after "->"


class Diagnosis:
    def __init__(self, run):
        self.code, self.raw = run.returncode, run.stdout
        assert run.stderr == "", run.stderr
        self.findings = []
        for line in run.stdout.splitlines():
            m = re.match(r"(ok|warning|fault) +([a-z ]+): (.*)", line)
            if m:
                self.findings.append(Finding(*m.groups()))
            elif line.startswith(" " * 9) and self.findings:
                self.findings[-1].text += " " + line.strip()

    def of(self, check):
        """The findings of a check, worst first."""
        order = ["fault", "warning", "ok"]
        return sorted((f for f in self.findings if f.check == check),
                      key=lambda f: order.index(f.severity))

    def expect(self, severity, check, *words):
        """The check's worst finding is of this severity; some finding of
        that severity has these words. What is wrong has advice."""
        found = self.of(check)
        assert found and found[0].severity == severity, self.raw
        for f in found:
            if f.severity == severity and all(w in f.text for w in words):
                assert severity == "ok" or "->" in f.text, self.raw
                return f
        raise AssertionError(f"no {words} in\n{self.raw}")

    def faults(self):
        return [f for f in self.findings if f.severity == "fault"]


def free_ports(count, ip="127.0.0.1"):
    """No two of them the same."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for s in sockets:
            s.bind((ip, 0))
        return [s.getsockname()[1] for s in sockets]


def free_port(ip="127.0.0.1"):
    return free_ports(1, ip)[0]


def doctor(*args, env=None, wrap=(), **options):
    """Run it in this environment alone."""
    full = {"PATH": os.environ["PATH"], **(env or {})}
    run = subprocess.run([*wrap, BINARY, "doctor", *args], env=full,
                         text=True, capture_output=True, timeout=60,
                         check=False, **options)
    d = Diagnosis(run)
    if run.returncode < 2:
        assert run.returncode == (1 if d.faults() else 0), d.raw
    return d


def look(tmp_path, *args, wrap=(), preexec_fn=None, **settings):
    """At settings without a gateway; ports are free ones."""
    rest, external, internal = free_ports(3)
    env = {**GOOD, "REST_PORT": str(rest),
           "FREESWITCH_EXTERNAL_SIP_PORT": str(external),
           "JIGASI_SIP_PORT": str(internal),
           "JIGATE_STATE_DIR": str(tmp_path), **settings}
    return doctor(*args, env=env, wrap=wrap, preexec_fn=preexec_fn)


def beside(gateway, *args, **env):
    """At the gateway that runs."""
    return doctor("--config", gateway.folder / "jigate.env", *args, env=env)
