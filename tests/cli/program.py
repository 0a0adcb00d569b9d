"""The program as an operator has it: a command line, an environment."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("JIGATE_BUILD", ROOT / "build-asan"))
PROGRAM = BUILD / "src" / "jigate"

GOOD = {
    "FREESWITCH_REGISTRATION_PASSWORD": "x7rTq21LmWz-phone",
    "JIGASI_SIP_PASSWORD": "pp92kdUUw1x-jigasi",
    "FREESWITCH_EXTERNAL_IP": "127.0.0.1",
    "JIGATE_SOUNDS_DIR": os.environ.get("JIGATE_SOUNDS_DIR",
                                        str(BUILD / "sounds")),
}


def free_ports(count):
    """Ports that are free for UDP and TCP on 127.0.0.1."""
    ports, held = [], []
    while len(ports) < count:
        tcp = socket.socket()
        udp = socket.socket(type=socket.SOCK_DGRAM)
        held += [tcp, udp]
        tcp.bind(("127.0.0.1", 0))
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            continue
        ports.append(tcp.getsockname()[1])
    for s in held:
        s.close()
    return ports


def run(*args, env=None, timeout=20):
    """Run the program to its end with this environment alone."""
    full = {"PATH": os.environ["PATH"], **(GOOD if env is None else env)}
    return subprocess.run([PROGRAM, *args], env=full, text=True,
                          capture_output=True, timeout=timeout, check=False)


class Gateway:
    """A gateway that runs, with free ports on 127.0.0.1."""

    def __init__(self, folder, **settings):
        rest, external, internal = free_ports(3)
        self.rest = rest
        self.log = folder / "log"
        self.env = {
            "PATH": os.environ["PATH"], **GOOD, "REST_PORT": str(rest),
            "FREESWITCH_EXTERNAL_SIP_PORT": str(external),
            "JIGASI_SIP_PORT": str(internal),
            "FREESWITCH_RTP_START_PORT": "10000",
            "FREESWITCH_RTP_END_PORT": "10999",
            "JIGATE_INTERNAL_RTP_START_PORT": "11000",
            "JIGATE_INTERNAL_RTP_END_PORT": "11999",
            "JIGATE_STATE_DIR": str(folder / "state"),
            **settings}
        with open(self.log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen([PROGRAM], env=self.env,
                                            stderr=out, stdout=out)

    def get(self, path, method="GET"):
        """(status, JSON) of a request to the REST port."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.rest}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def wait_ready(self):
        """Until GET /ready says so."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            assert self.process.poll() is None, self.text()
            try:
                if self.get("/ready")[0] == 200:
                    return self
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError("not ready: " + self.text())

    def wait_log(self, words, seconds=10):
        """Until a line with these words stands in the log."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in self.text().splitlines():
                if words in line:
                    return line
            time.sleep(0.05)
        raise AssertionError(f"no {words!r} in: " + self.text())

    def text(self):
        return self.log.read_text(encoding="utf-8")

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=15):
        """SIGTERM; the exit status, which is not 0 on a leak."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.process.wait(seconds)
