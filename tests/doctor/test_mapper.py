"""The conference mapper, in all the ways in which it can be wrong."""
import contextlib
import http.server
import threading

import pytest

from doctor import free_port, look

JSON = {"Content-Type": "application/json"}


@contextlib.contextmanager
def mapper(status=200, body=b'{"conference": false}', headers=JSON):
    class Mapper(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked = self.path, self.headers.get("Authorization")
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Mapper)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def ask(tmp_path, server, **settings):
    url = f"http://127.0.0.1:{server.server_port}/map?id={{id}}"
    return look(tmp_path, JIGATE_MEETING_LOOKUP=url, **settings)


@pytest.mark.parametrize("status, body", [
    (200, b'{"conference": false}'),
    (200, b'{"conference": "room@muc.meet.jitsi", "id": 0}'),
    (404, b""),
])
def test_one_that_works(tmp_path, status, body):
    with mapper(status, body) as m:
        d = ask(tmp_path, m, JIGATE_MEETING_LOOKUP_TOKEN="abc")
        d.expect("ok", "mapper", "answers")
        assert m.asked == ("/map?id=0", "Bearer abc")


@pytest.mark.parametrize("status, body, headers, words", [
    (200, b"<html>It works!</html>", {}, ["not as a mapper"]),
    (200, b'{"rooms": []}', JSON, ["not as a mapper"]),
    (401, b"", JSON, ["status 401", "JIGATE_MEETING_LOOKUP_TOKEN"]),
    (302, b"", {"Location": "/there"}, ["status 302", "Redirects"]),
    (503, b"", JSON, ["status 503", "mapper's log"]),
])
def test_one_that_does_not(tmp_path, status, body, headers, words):
    with mapper(status, body, headers) as m:
        ask(tmp_path, m).expect("fault", "mapper", *words)


def test_none_there(tmp_path):
    url = f"http://127.0.0.1:{free_port()}/?id={{id}}"
    look(tmp_path, JIGATE_MEETING_LOOKUP=url).expect(
        "fault", "mapper", "does not answer")


def test_none_is_asked_without_one(tmp_path):
    assert not look(tmp_path).of("mapper")
