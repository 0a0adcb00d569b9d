"""The real program, started on loopback addresses of its own and watched:
what it logs, what /stats says, how it ends."""
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

SANITIZER = re.compile(
    rb"(ERROR: (Address|Leak|Thread)Sanitizer|runtime error:)")
LOG_ERROR = re.compile(r"^\S+Z error +(.*)$", re.M)

# What every scenario wants: quick retries, and room for many calls.
COMMON = {
    "LOG_LEVEL": "debug",
    "FREESWITCH_REGISTRATION_USERNAME": "user",
    "FREESWITCH_REGISTRATION_PASSWORD": "phone-secret-77",
    "JIGASI_SIP_PASSWORD": "jigasi-secret-77",
    "JIGASI_SIP_URI": "jigasi@meet.jitsi",
    "FREESWITCH_RTP_START_PORT": "20200",
    "FREESWITCH_RTP_END_PORT": "20999",
    "JIGATE_RETRY_INTERVAL": "3",
}


def free_network():
    """Two numbers for 127.A.B.x, where nobody listens."""
    for _ in range(100):
        net = f"127.{random.randint(1, 250)}.{random.randint(1, 250)}"
        try:
            for port, kind in ((5060, socket.SOCK_DGRAM),
                               (5060, socket.SOCK_STREAM),
                               (8080, socket.SOCK_STREAM)):
                with socket.socket(socket.AF_INET, kind) as s:
                    s.bind((f"{net}.1", port))
            return net
        except OSError:
            continue
    raise RuntimeError("no free loopback network found")


class Gateway:
    """Engine-neutral: starts, asks, stops. What an engine needs besides is
    the subclass's. Phones reach it at self.external, Jigasi at
    self.internal, both (address, port)."""

    engine = None
    turned_away = set()       # what strangers are told, besides nothing

    def __init__(self, folder, binary, sounds, **settings):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.binary, self.sounds = binary, sounds
        self.net = free_network()
        self.external = (f"{self.net}.1", 5060)
        self.internal = (f"{self.net}.2", 5060)
        self.rest = f"http://{self.net}.1:8080"
        self.settings = {
            **COMMON,
            "JIGATE_ENGINE": self.engine,
            "JIGATE_SOUNDS_DIR": str(sounds),
            "JIGATE_STATE_DIR": str(self.folder / "state"),
            "JIGATE_REST_ADDRESS": f"{self.net}.1",
            "REST_PORT": "8080",
            **self.engine_settings(), **settings}
        self.user = self.settings["FREESWITCH_REGISTRATION_USERNAME"]
        self.password = self.settings["FREESWITCH_REGISTRATION_PASSWORD"]
        self.jigasi_password = self.settings["JIGASI_SIP_PASSWORD"]
        self.process = None
        self.environment = {}     # of the program, besides its settings
        self.expected = []        # patterns of error lines that may come
        self.log_path = self.folder / "log"
        self._host = 9

    def engine_settings(self):
        raise NotImplementedError

    def host(self):
        """An address of one's own for each phone, so that limits per source
        address hit the one they are meant for."""
        self._host += 1
        return f"{self.net}.{self._host % 245 + 10}"

    # ---- start and stop ----

    def start(self):
        if not os.access(self.binary, os.X_OK):
            raise RuntimeError(f"{self.binary} is not built")
        state = pathlib.Path(self.settings["JIGATE_STATE_DIR"])
        state.mkdir(exist_ok=True)
        config = self.folder / "jigate.env"
        config.touch(mode=0o600)
        config.write_text("".join(f'{k}="{v}"\n'
                                  for k, v in self.settings.items()))
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"),
               "ASAN_OPTIONS": "detect_stack_use_after_return=1",
               "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
               **self.environment}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "--config", config], env=env, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder)
        self.wait_ready()
        return self

    def wait_ready(self, timeout=20):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"jigate ended with {self.process.returncode}:\n"
                    + self.log()[-3000:])
            try:
                if self.get("/ready")[0] == 200:
                    return
            except OSError:
                pass  # not listening yet
            time.sleep(0.02)
        raise TimeoutError("jigate did not get ready:\n" + self.log()[-3000:])

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait_end(self, timeout=15):
        return self.process.wait(timeout)

    def stop(self):
        """End it as a service manager does and say what was wrong: a list
        of findings, empty when all was well."""
        wrong = []
        if self.process is None:
            return wrong
        if self.process.poll() is None:
            self.terminate()
            try:
                self.wait_end(3)
            except subprocess.TimeoutExpired:
                self.terminate()  # calls were up: the second one ends them
                try:
                    self.wait_end(15)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
                    wrong.append("did not end within 15 s of two SIGTERM")
        if self.process.returncode != 0:
            wrong.append(f"ended with {self.process.returncode}")
        self.process = None
        return wrong + self.findings()

    def kill(self):
        """End it at once, if it still runs."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def findings(self):
        raw = self.log_path.read_bytes()
        wrong = []
        found = SANITIZER.search(raw)
        if found:
            wrong.append(raw[found.start():found.start() + 6000].decode(
                "utf-8", "replace"))
        for line in LOG_ERROR.findall(raw.decode("utf-8", "replace")):
            if not any(re.search(p, line) for p in self.expected):
                wrong.append(f"error logged: {line}")
        for secret in (self.password, self.jigasi_password):
            if secret.encode() in raw:
                wrong.append("a password stands in the log")
        return wrong

    def expect_error(self, pattern):
        """Error lines that match are part of the scenario."""
        self.expected.append(pattern)

    def log(self):
        return self.log_path.read_text(errors="replace")

    # ---- questions ----

    def get(self, path, method="GET"):
        """(status, headers, text)."""
        request = urllib.request.Request(self.rest + path, method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as r:
                return r.status, r.headers, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.headers, e.read().decode()

    def stats(self):
        status, headers, text = self.get("/stats")
        assert status == 200
        assert headers["Content-Type"] == "application/json"
        return json.loads(text)


class Embedded(Gateway):
    engine = "embedded"
    turned_away = {401}

    def engine_settings(self):
        return {
            "FREESWITCH_EXTERNAL_IP": self.external[0],
            "FREESWITCH_EXTERNAL_EXT_IP": self.external[0],
            "FREESWITCH_EXTERNAL_SIP_PORT": str(self.external[1]),
            "FREESWITCH_INTERNAL_IP": self.internal[0],
            "JIGASI_SIP_PORT": str(self.internal[1]),
        }


# One class an engine; chosen by the environment variable ENGINE.
ENGINES = {"embedded": Embedded}
