"""What a FreeSWITCH was made to do meanwhile: every API command and every
dialplan application, from its own events."""
import re
import socket
import threading
import urllib.parse

# What the program and the configuration use. Anything else was smuggled in.
COMMANDS = frozenset("""
    acl cond eval expand originate sched_api sched_del show sofia status
    uptime uuid_answer uuid_audio uuid_bridge uuid_buglist uuid_displace
    uuid_dump uuid_getvar uuid_kill uuid_media_reneg uuid_recv_dtmf
    uuid_ring_ready uuid_set_media_stats uuid_setvar uuid_setvar_multi""".split())
APPLICATIONS = frozenset("""
    answer execute_extension park respond set spandsp_start_dtmf
    uuid_bridge""".split())

# Of bind_digit_action one thing alone, of the channel's own: every key is
# written down, and handed on.
KEYS = re.compile(
    r"keys,~\^\.\$,api:expand,uuid_recv_dtmf ([0-9a-f-]{36}) "
    r"\$\{uuid_getvar\(\1 last_matching_digits\)\} "
    r"\$\{uuid_setvar\(\1 jigate_keys \$\{uuid_getvar\(\1 jigate_keys\)\}"
    r"\$\{uuid_getvar\(\1 last_matching_digits\)\}\)\}")


def is_ours(name, argument):
    return name in APPLICATIONS or (
        name == "bind_digit_action" and KEYS.fullmatch(argument) is not None)


class Wiretap:
    """with Wiretap(server) as tap: …; tap.smuggled()"""

    def __init__(self, server):
        self.server = server
        self.commands, self.applications = [], []
        self._marks = 0
        self._seen = threading.Condition()

    def __enter__(self):
        self._esl = self.server.esl(timeout=None)
        self._esl.ask("event plain API CHANNEL_EXECUTE")
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._esl.socket.shutdown(socket.SHUT_RDWR)

    def _frame(self):
        try:
            return self._esl.frame()
        except OSError:
            return {}, ""  # closed, by __exit__() or by FreeSWITCH's end

    def _read(self):
        while (frame := self._frame())[0]:
            event = dict(line.partition(": ")[::2]
                         for line in frame[1].splitlines())
            event = {k: urllib.parse.unquote(v) for k, v in event.items()}
            with self._seen:
                if event.get("Event-Name") == "API":
                    self.commands.append(
                        (event.get("API-Command", ""),
                         event.get("API-Command-Argument", "")))
                else:
                    self.applications.append(
                        (event.get("Application", ""),
                         event.get("Application-Data", "")))
                self._seen.notify_all()

    def smuggled(self):
        """What ran until now that neither the program nor the configuration
        runs."""
        self._marks += 1
        mark = ("eval", f"mark-{self._marks}")
        self.server.api(" ".join(mark))
        with self._seen:
            assert self._seen.wait_for(lambda: mark in self.commands, 10)
            return [x for x in self.commands if x[0] not in COMMANDS] + \
                [x for x in self.applications if not is_ours(*x)]
