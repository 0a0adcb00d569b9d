"""FreeSWITCH's event socket: there, not there, and unwilling."""
import contextlib
import socketserver
import threading

import pytest

from doctor import doctor, free_port
from doctor import GOOD

PASSWORD = "Zq7-esl-9f2kdUUw1x"
JIGASI = ("<registration><call-id>1</call-id><user>{user}@meet.jitsi</user>"
          "<ping-status>{ping}</ping-status></registration>")


def registered(*rows):
    return ("<profile><registrations>"
            + "".join(JIGASI.format(user=u, ping=p) for u, p in rows)
            + "</registrations></profile>")


RUNNING = "".join(
    f"<profile><name>{n}</name><type>profile</type><data>x</data>"
    "<state>RUNNING (0)</state></profile>" for n in ("external", "internal"))


@contextlib.contextmanager
def freeswitch(greeting="Content-Type: auth/request\n\n",
               xml=registered(("jigasi", "Reachable")), status=RUNNING):
    stop = threading.Event()

    class Session(socketserver.StreamRequestHandler):
        def command(self):
            words = self.rfile.readline().decode().strip()
            while self.rfile.readline().strip():
                pass
            return words

        def say(self, text):
            self.wfile.write(text.encode())

        def handle(self):
            if greeting is None:
                stop.wait(20)
                return
            self.say(greeting)
            if "auth/request" not in greeting:
                return
            if self.command() != f"auth {PASSWORD}":
                self.say("Content-Type: command/reply\n"
                         "Reply-Text: -ERR invalid\n\n")
                return
            self.say("Content-Type: command/reply\n"
                     "Reply-Text: +OK accepted\n\n")
            answers = {"api sofia xmlstatus": status,
                       "api sofia xmlstatus profile internal reg": xml}
            while answer := answers.get(self.command()):
                self.say("Content-Type: api/response\n"
                         f"Content-Length: {len(answer)}\n\n{answer}")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    with Server(("127.0.0.1", 0), Session) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            stop.set()
            server.shutdown()


def look(tmp_path, port, password=PASSWORD, server="127.0.0.1", **settings):
    return doctor(env={
        **GOOD, "JIGATE_ENGINE": "freeswitch", "FREESWITCH_SERVER": server,
        "FREESWITCH_ESL_PORT": str(port), "FREESWITCH_ESL_PASSWORD": password,
        "REST_PORT": str(free_port()), "JIGATE_STATE_DIR": str(tmp_path),
        "FREESWITCH_EXTERNAL_EXT_IP": "9.9.9.9", **settings})


def test_one_that_works(tmp_path):
    phones = [("user", "Unreachable"), ("jigasi2", "Reachable")]
    with freeswitch(xml=registered(*phones, ("jigasi", "Reachable"))) as port:
        d = look(tmp_path, port)
        d.expect("ok", "freeswitch", "1 Jigasi registered")
        assert not d.of("sip ports") and not d.of("jigasi")
        assert PASSWORD not in d.raw


@pytest.mark.parametrize("options, password, words", [
    ({}, "Zq7-another-9f2kdUUw1x", ["the password",
                                    "FREESWITCH_ESL_PASSWORD"]),
    ({"greeting": "Content-Type: text/rude-rejection\n"
                  "Content-Length: 24\n\nAccess Denied, go away.\n"},
     PASSWORD, ["access list", "apply-inbound-acl"]),
    ({"greeting": "HTTP/1.0 400 Bad request\n\n"}, PASSWORD,
     ["does not speak"]),
    ({"greeting": None}, PASSWORD, ["does not answer"]),
    ({"xml": registered(("user", "Reachable"))}, PASSWORD,
     ["no Jigasi is registered"]),
    ({"xml": registered(("jigasi", "Unreachable"))}, PASSWORD,
     ["does not answer OPTIONS"]),
])
def test_one_that_does_not(tmp_path, options, password, words):
    with freeswitch(**options) as port:
        d = look(tmp_path, port, password)
        d.expect("fault", "freeswitch", *words)
        assert "Zq7" not in d.raw


def test_none_there(tmp_path):
    look(tmp_path, free_port()).expect("fault", "freeswitch",
                                       "refuses connections")
    look(tmp_path, 8021, server="no-such-host.invalid").expect(
        "fault", "freeswitch", "leads nowhere")


@pytest.mark.parametrize("ip, severity, words", [
    ("", "warning", "is not set"),
    ("127.0.0.1", "fault", "a loopback address"),
    ("10.0.0.1", "warning", "a private address"),
    ("interface:ipv4/eth0", "ok", "the address of interface:ipv4/eth0"),
    ("9.9.9.9", "ok", "forwarded to FreeSWITCH"),
])
def test_the_address_that_freeswitch_tells(tmp_path, ip, severity, words):
    with freeswitch() as port:
        look(tmp_path, port, FREESWITCH_EXTERNAL_IP="",
             FREESWITCH_EXTERNAL_EXT_IP=ip).expect(severity, "address", words)


def test_ports_that_jigasi_uses(tmp_path):
    with freeswitch() as port:
        look(tmp_path, port, FREESWITCH_RTP_START_PORT="20000",
             FREESWITCH_RTP_END_PORT="20199",
             FREESWITCH_INTERNAL_IP="127.0.0.1").expect(
            "fault", "neighbours", "FREESWITCH_RTP_START_PORT",
            "collides with Jigasi's audio")


def test_a_profile_that_does_not_run(tmp_path):
    xml = RUNNING.replace("RUNNING", "DOWN", 1)
    with freeswitch(status=xml) as port:
        d = look(tmp_path, port)
        d.expect("fault", "freeswitch", "the SIP profile external",
                 "FREESWITCH_EXTERNAL_SIP_PORT")
        assert "profile internal" not in d.raw and "no Jigasi" not in d.raw
