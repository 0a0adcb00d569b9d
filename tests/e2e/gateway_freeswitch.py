"""The gateway on FreeSWITCH: a real FreeSWITCH, configured by our folder, and
the program that controls it."""
import pytest

import fsserver
from gateway import ENGINES, Gateway


class OnFreeSwitch(Gateway):
    """self.server is the FreeSWITCH; it may be stopped and started again on
    its own."""

    engine = "freeswitch"
    turned_away = {401, 403, 407}

    def __init__(self, folder, binary, sounds, **settings):
        if not fsserver.program():
            pytest.skip(fsserver.MISSING)
        internal = settings.get("FREESWITCH_INTERNAL_IP")
        if internal:
            settings = {"FREESWITCH_SERVER": f"[{internal}]"
                        if ":" in internal else internal, **settings}
        super().__init__(folder, binary, sounds, **settings)
        self.server = fsserver.FreeSwitch(self.folder / "freeswitch", self.net,
                                          **self._shared_settings())

    def _shared_settings(self):
        return {k: v for k, v in self.settings.items()
                if k in fsserver.SETTINGS}

    def engine_settings(self):
        return {
            "FREESWITCH_EXTERNAL_IP": self.external[0],
            "FREESWITCH_EXTERNAL_EXT_IP": self.external[0],
            "FREESWITCH_EXTERNAL_SIP_PORT": str(self.external[1]),
            "FREESWITCH_INTERNAL_IP": self.internal[0],
            "JIGASI_SIP_PORT": str(self.internal[1]),
            "FREESWITCH_SERVER": self.internal[0],
            "FREESWITCH_ESL_PASSWORD": "control-secret-77",
            "JIGATE_FREESWITCH_SOUNDS_DIR": str(self.sounds),
        }

    def start(self):
        if self.server.process is None:
            self.server.settings.update(self._shared_settings())
            self.server.start()
        return super().start()

    def stop(self):
        wrong = super().stop()
        try:
            self.server.stop()
        except RuntimeError as e:
            wrong.append(str(e))
        return wrong

    def findings(self):
        wrong = super().findings()
        if self.server.settings["FREESWITCH_ESL_PASSWORD"] in self.log():
            wrong.append("the event socket's password stands in the log")
        return wrong


ENGINES["freeswitch"] = OnFreeSwitch
