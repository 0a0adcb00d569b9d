"""jigate.yml and jigate-embedded.yml on docker-jitsi-meet, with what must
differ here: this daemon has no bridge, so the containers share our network,
and Jigasi is a program that asks whether SIP is up, once."""
import json
import shutil

import fsserver
from installed import Installed
from places import ROOT, SOUNDS

MEET = ROOT / "tests/deploy/docker-jitsi-meet"


class Stack(Installed):
    """By jigate-embedded.yml."""

    file = "jigate-embedded.yml"
    services = ("jigate", "jigasi")

    def __init__(self, docker, image, folder):
        super().__init__(folder)
        self.docker, self.image = docker, image
        self.merged = self.folder / "stack.json"

    def merge(self):
        """What docker-compose makes of the files and of .env."""
        import yaml
        for path in [*MEET.glob("*.yml"), ROOT / self.file]:
            shutil.copy(path, self.folder)
        (self.folder / ".env").write_text("".join(
            f"{k}={v}\n" for k, v in self.settings.items()))
        names = ("docker-compose.yml", "jigasi.yml", self.file)
        return yaml.safe_load(self.docker.compose(
            "--project-directory", self.folder,
            *(a for n in names for a in ("-f", self.folder / n)), "config"))

    def adapt(self, services):
        """Change in place what must differ here."""
        for s in services.values():
            del s["networks"], s["ports"]
            s["network_mode"] = "host"
        address = {"JIGATE_REST_ADDRESS": f"{self.net}.1"}
        services["jigate"]["environment"].update(address)
        if "jigasi" in services:
            services["jigasi"].update(
                image=self.image, entrypoint=["/usr/bin/jigate", "--health"],
                restart="no", environment=address)
            del services["jigasi"]["depends_on"]["prosody"]

    def start(self):
        merged = self.merge()
        services = {n: merged["services"][n] for n in self.services}
        self.adapt(services)
        self.merged.write_text(json.dumps({
            "version": "2.4", "services": services,
            "volumes": merged["volumes"]}))
        try:
            self.compose("up", "-d")
        except AssertionError as e:
            raise AssertionError(f"{e}\n--- its log\n{self.log()}") from None
        self.wait_ready()
        return self

    def compose(self, *command):
        return self.docker.compose("-f", self.merged, "-p", "jigate",
                                   *command)

    def inspect(self, service):
        return json.loads(self.docker(
            "inspect", self.compose("ps", "-q", service).strip()))[0]

    def ask(self, *words):
        """What jigate says, run beside the gateway in its container."""
        return self.compose("exec", "-T", "jigate", "jigate", *words)

    def log(self):
        return self.compose("logs", "--no-color", "jigate")

    def stop(self):
        """End it; what was wrong, as a list."""
        if not self.merged.exists():
            return []
        self.compose("stop", "jigate")
        code = self.inspect("jigate")["State"]["ExitCode"]
        self.log_path.write_text(self.log())
        self.compose("down", "-v")
        return [f"ended with {code}"] * (code != 0) + self.findings()


class StackOnFreeSwitch(Stack):
    """By jigate.yml. FreeSWITCH is this machine's, run by the starter of its
    image with the environment that its service is given."""

    file = "jigate.yml"
    services = ("jigate",)

    def __init__(self, docker, image, folder):
        super().__init__(docker, image, folder)
        self.server = None
        self.settings["FREESWITCH_ESL_PASSWORD"] = "control-secret-77"
        self.settings["FREESWITCH_SERVER"] = self.internal[0]

    def merge(self):
        merged = super().merge()
        given = merged["services"]["freeswitch"]["environment"]
        self.server = fsserver.FreeSwitch(
            self.folder / "freeswitch", self.net,
            **{k: v for k, v in given.items() if v is not None})
        self.server.start(60)
        return merged

    def adapt(self, services):
        super().adapt(services)
        del services["jigate"]["depends_on"]
        services["jigate"]["environment"].update(
            JIGATE_FREESWITCH_SOUNDS_DIR=str(SOUNDS))

    def stop(self):
        try:
            return super().stop()
        finally:
            if self.server:
                self.server.stop()
