"""Ports that others hold."""
import http.server
import os
import socket
import threading

import pytest

from doctor import free_port, look

ME = f"(process {os.getpid()})"


def hold(kind, ip="127.0.0.1", port=0):
    s = socket.socket(socket.AF_INET, kind)
    s.bind((ip, port))
    if kind == socket.SOCK_STREAM:
        s.listen()
    return s, s.getsockname()[1]


@pytest.mark.parametrize("name", ["FREESWITCH_EXTERNAL_SIP_PORT",
                                  "JIGASI_SIP_PORT"])
@pytest.mark.parametrize("kind, protocol", [(socket.SOCK_DGRAM, "UDP"),
                                            (socket.SOCK_STREAM, "TCP")])
def test_a_sip_port_is_taken(tmp_path, name, kind, protocol):
    s, port = hold(kind)
    with s:
        look(tmp_path, **{name: str(port)}).expect(
            "fault", "sip ports", f"{protocol} port {port}", ME, name)


def test_a_sip_port_is_taken_on_all_addresses(tmp_path):
    s, port = hold(socket.SOCK_DGRAM, "0.0.0.0")
    with s:
        look(tmp_path, JIGASI_SIP_PORT=str(port)).expect(
            "fault", "sip ports", ME)


def test_a_port_that_wants_a_right(tmp_path):
    if os.geteuid():
        pytest.skip("only root can give up rights")
    look(tmp_path, FREESWITCH_EXTERNAL_SIP_PORT="506",
         wrap=("setpriv", "--bounding-set=-net_bind_service",
               "--inh-caps=-net_bind_service")).expect(
             "fault", "sip ports", "CAP_NET_BIND_SERVICE")


def test_the_rest_port_is_taken_by_who_says_nothing(tmp_path):
    s, port = hold(socket.SOCK_STREAM)
    sip, sip_port = hold(socket.SOCK_DGRAM)
    with s, sip:
        d = look(tmp_path, REST_PORT=str(port), JIGASI_SIP_PORT=str(sip_port))
    d.expect("warning", "gateway", "none answers")
    d.expect("fault", "sip ports", ME)
    d.expect("fault", "rest port", ME, "REST_PORT")


def test_the_rest_port_is_taken_by_another_http_server(tmp_path):
    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(404)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        d = look(tmp_path, REST_PORT=str(server.server_port))
        d.expect("fault", "gateway", ME, "status 404", "REST_PORT")
        assert not d.of("rest port")
    finally:
        server.shutdown()
        server.server_close()


def test_an_audio_port_is_taken(tmp_path):
    s, port = hold(socket.SOCK_DGRAM)
    first = max(1024, port - 10)
    with s:
        look(tmp_path, FREESWITCH_RTP_START_PORT=str(first),
             FREESWITCH_RTP_END_PORT=str(port),
             FREESWITCH_EXTERNAL_SIP_PORT="1900", JIGASI_SIP_PORT="1901",
             JIGATE_INTERNAL_RTP_START_PORT="2000",
             JIGATE_INTERNAL_RTP_END_PORT="2100").expect(
                 "warning", "audio ports", f"UDP port {port}", ME)


def test_what_is_held_on_another_address_is_not_in_the_way(tmp_path):
    s, port = hold(socket.SOCK_DGRAM, "127.0.0.77")
    with s:
        d = look(tmp_path, FREESWITCH_EXTERNAL_SIP_PORT=str(port),
                 JIGASI_SIP_PORT=str(free_port()))
        d.expect("ok", "sip ports")
