"""A real FreeSWITCH, started with our configuration by our own starter, on
loopback addresses of its own."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

from gateway import free_network
from places import ROOT

FOLDER = ROOT / "freeswitch"
STARTER = FOLDER / "usr/local/bin/jigate-freeswitch"
FSC = FOLDER / "usr/local/bin/fsc"
MISSING = ("no FreeSWITCH: have freeswitch in PATH, or name the program in "
           "JIGATE_TEST_FREESWITCH")

# What the starter reads of what the program reads.
SETTINGS = frozenset("""
    FREESWITCH_EXTERNAL_IP FREESWITCH_EXTERNAL_EXT_IP FREESWITCH_INTERNAL_IP
    FREESWITCH_EXTERNAL_SIP_PORT JIGASI_SIP_PORT FREESWITCH_LOCAL_NETWORK_ACL
    FREESWITCH_RTP_START_PORT FREESWITCH_RTP_END_PORT FREESWITCH_ESL_PORT
    FREESWITCH_ESL_PASSWORD FREESWITCH_REGISTRATION_USERNAME
    FREESWITCH_REGISTRATION_PASSWORD JIGASI_SIP_PASSWORD JIGASI_SIP_URI
    JIGATE_TRUSTED_NETWORKS JIGATE_ANONYMOUS_CALLS
    SIPGW_SIP_SERVER SIPGW_SIP_PORT SIPGW_SIP_TRANSPORT SIPGW_SIP_DOMAIN
    SIPGW_SIP_USERNAME SIPGW_SIP_PASSWORD FREESWITCH_SRTP FREESWITCH_TLS_PORT
    FREESWITCH_TLS_DIR""".split())


def program():
    """Path of FreeSWITCH, or None."""
    named = os.environ.get("JIGATE_TEST_FREESWITCH")
    if named and not os.access(named, os.X_OK):
        raise RuntimeError(f"JIGATE_TEST_FREESWITCH={named}: not a program")
    return named or shutil.which("freeswitch")


class EventSocket:
    """Just enough of the event socket to ask a question."""

    def __init__(self, address, password, source="", timeout=10):
        self.socket = socket.create_connection(
            address, timeout, (source, 0) if source else None)
        self.file = self.socket.makefile("rb")
        self.greeting = self.frame()
        self.reply = None
        if self.greeting[0].get("Content-Type") == "auth/request":
            self.reply = self.ask(f"auth {password}")[0].get("Reply-Text")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def frame(self):
        """(headers, body); both empty at the end."""
        headers = {}
        while line := self.file.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            headers[name] = value
        size = int(headers.get("Content-Length", 0))
        return headers, self.file.read(size).decode() if size else ""

    def frame_within(self, seconds):
        """The next frame, or None."""
        self.socket.settimeout(seconds)
        try:
            return self.frame()
        except TimeoutError:
            return None

    def ask(self, command):
        self.socket.sendall(f"{command}\n\n".encode())
        return self.frame()

    def api(self, command):
        return self.ask(f"api {command}")[1].strip()


class FreeSwitch:
    """Phones reach it at self.external, Jigasi at self.internal, the control
    service at self.control, all (address, port)."""

    def __init__(self, folder, net=None, **settings):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.net = net or free_network()
        self.settings = {
            "FREESWITCH_EXTERNAL_IP": f"{self.net}.1",
            "FREESWITCH_EXTERNAL_EXT_IP": f"{self.net}.1",
            "FREESWITCH_EXTERNAL_SIP_PORT": "5060",
            "FREESWITCH_INTERNAL_IP": f"{self.net}.2",
            "JIGASI_SIP_PORT": "5060",
            "FREESWITCH_ESL_PASSWORD": "control-secret-77",
            "FREESWITCH_REGISTRATION_PASSWORD": "phone-secret-77",
            "JIGASI_SIP_PASSWORD": "jigasi-secret-77",
            **settings}
        self.log_path = self.folder / "freeswitch.log"
        self.process = None
        self._host = 9

    def _set(self, name, default):
        return self.settings.get(name) or default

    @property
    def external(self):
        return (self.settings["FREESWITCH_EXTERNAL_IP"],
                int(self._set("FREESWITCH_EXTERNAL_SIP_PORT", 5060)))

    @property
    def internal(self):
        return (self.settings["FREESWITCH_INTERNAL_IP"],
                int(self._set("JIGASI_SIP_PORT", 5060)))

    @property
    def control(self):
        return (self._set("FREESWITCH_ESL_ADDRESS", self.internal[0]),
                int(self._set("FREESWITCH_ESL_PORT", 8021)))

    @property
    def user(self):
        return self._set("FREESWITCH_REGISTRATION_USERNAME", "user")

    @property
    def password(self):
        return self.settings["FREESWITCH_REGISTRATION_PASSWORD"]

    @property
    def jigasi_password(self):
        return self.settings["JIGASI_SIP_PASSWORD"]

    @property
    def env(self):
        binary = program()
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "JIGATE_FREESWITCH_TEMPLATES": str(FOLDER / "etc/freeswitch"),
            "JIGATE_FREESWITCH_DIR": str(self.folder / "run"),
            "JIGATE_FREESWITCH_BIN": binary or "freeswitch",
            "JIGATE_FS_CLI": str(pathlib.Path(binary).parent / "fs_cli")
            if binary else "fs_cli",
            **{k: str(v) for k, v in self.settings.items()
               if v is not None}}

    def host(self):
        """An address of one's own for a phone."""
        self._host += 1
        return f"{self.net}.{self._host % 240 + 10}"

    def check(self):
        """Only look at the settings and render."""
        return subprocess.run(["/bin/sh", STARTER, "--check"], env=self.env,
                              text=True, capture_output=True)

    def rendered(self, path):
        return (self.folder / "run/conf" / path).read_text()

    def start(self, timeout=90):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                ["/bin/sh", STARTER], env=self.env, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, cwd=self.folder)
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError("FreeSWITCH ended:\n" + self.log()[-3000:])
            try:
                running = self.api("sofia status")
                if len(re.findall(r"profile\s.*RUNNING", running)) == (
                        3 if self.settings.get("FREESWITCH_TLS_PORT", "0") != "0"
                        else 2):
                    return self
            except OSError:
                pass  # not listening yet
            time.sleep(0.1)
        raise TimeoutError("FreeSWITCH did not start:\n" + self.log()[-3000:])

    def stop(self, timeout=15):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def log(self):
        return self.log_path.read_text(errors="replace")

    def esl(self, **options):
        options.setdefault("source", self.control[0])
        return EventSocket(
            self.control, self.settings["FREESWITCH_ESL_PASSWORD"], **options)

    def api(self, command):
        with self.esl() as e:
            return e.api(command)

    def fsc(self, *words):
        return subprocess.run(["/bin/sh", FSC, *words], env=self.env,
                              text=True, capture_output=True)
