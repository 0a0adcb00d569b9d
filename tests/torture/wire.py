"""Raw bytes on real sockets, from a source address of one's own: what the
gateway's limits do to one source must not be seen by the next."""
import pathlib
import re
import socket
import time

import sipmsg

DATA = pathlib.Path(__file__).resolve().parent.parent / "data" / "torture"


class Sources:
    """Loopback addresses, each given out once."""

    def __init__(self, net):
        self.net, self.n = net, 0

    def next(self):
        """127.A.B.C beside the gateway's own 127.A.B.1 and .2."""
        a, b = (int(x) for x in self.net.split(".")[1:3])
        self.n += 1
        block, host = divmod(self.n, 200)
        b = (b + 1 + block) % 256
        return f"127.{a}.{b}.{host + 10}"


def load(name, me, server, branch):
    """A message of tests/data/torture as bytes.

    The files are written as in RFC 4475, appendix A: <hex>, <repeat count=N>
    and <allOneLine>; @ME@, @GW@ and @BRANCH@ stand for our address, the
    gateway's and a text that is new in each message, @LENGTH@ for the true
    length of the body."""
    text = (DATA / f"{name}.sip").read_bytes().decode("latin-1")
    text = re.sub(r"<allOneLine>\n(.*?)\n</allOneLine>",
                  lambda m: m[1].replace("\n", ""), text, flags=re.S)
    text = re.sub(r"<repeat count=(\d+)>(.*?)</repeat>",
                  lambda m: m[2] * int(m[1]), text)
    for mark, value in (("@ME@", me), ("@GW@", server),
                        ("@BRANCH@", branch)):
        text = text.replace(mark, value)
    data = text.replace("\n", "\r\n").encode("latin-1")
    data = re.sub(rb"<hex>([0-9A-F]+)</hex>",
                  lambda m: bytes.fromhex(m[1].decode()), data)
    body = data.partition(b"\r\n\r\n")[2]
    return data.replace(b"@LENGTH@", b"%d" % len(body))


class Udp:
    """A UDP socket that talks to one server."""

    def __init__(self, ip, server):
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ip, 0))
        self.ip, self.port = self.socket.getsockname()
        self.me = f"{self.ip}:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendto(data, self.server)

    def receive(self, timeout):
        """The next message, or None."""
        self.socket.settimeout(max(timeout, 0.001))
        try:
            return sipmsg.parse(self.socket.recv(65536))
        except socket.timeout:
            return None

    def final(self, timeout=1.0):
        """Status of the next final response, None when there is none."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            m = self.receive(left)
            if m is not None and not m.is_request and m.status >= 200:
                return m.status
        return None

    def request(self, method, uri, headers=(), body=b"", timeout=1.0):
        """A plain, well-formed request; its response, or None."""
        m = self.make(method, uri, headers, body)
        self.send(m.encode())
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            r = self.receive(left)
            if r is not None and not r.is_request and r.status >= 200 and \
                    r.branch == m.branch:
                return r
        return None

    def register(self, g, password=None, timeout=1.0, user=None):
        """REGISTER as the phone user, answering one challenge."""
        user, uri = user or g.user, f"sip:{g.external[0]}"
        headers = [("To", f"<sip:{user}@meet.jitsi>"), ("Expires", 60),
                   ("Contact", f"<sip:{user}@{self.me}>")]
        r = self.request("REGISTER", uri, headers, timeout=timeout)
        if r is None or r.status != 401:
            return r
        answer = sipmsg.digest(
            sipmsg.challenge(r.get("WWW-Authenticate")), user,
            g.password if password is None else password, "REGISTER", uri)
        return self.request("REGISTER", uri,
                            headers + [("Authorization", answer)],
                            timeout=timeout)

    def make(self, method, uri, headers=(), body=b""):
        m = sipmsg.Message(method, uri)
        kind = type(self).__name__.upper()
        m.add("Via", f"SIP/2.0/{kind} {self.me};rport;branch=z9hG4bK"
                     f"{sipmsg.token()}")
        m.add("Max-Forwards", 70)
        m.add("From", f"<sip:torture@example.com>;tag={sipmsg.token()}")
        m.add("To", f"<{uri}>")
        m.add("Call-ID", sipmsg.token(12))
        m.add("CSeq", f"1 {method}")
        for name, value in headers:
            m.set(name, value)
        m.body = body
        return m


class Tcp(Udp):
    """The same over a TCP connection."""

    def __init__(self, ip, server, timeout=5):
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.bind((ip, 0))
        self.socket.settimeout(timeout)
        self.socket.connect(server)
        self.ip, self.port = self.socket.getsockname()
        self.me = f"{self.ip}:{self.port}"
        self.buffer = b""

    def send(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            pass  # the gateway may have closed it: receive() will tell

    def receive(self, timeout):
        end = time.monotonic() + timeout
        while True:
            one, self.buffer = sipmsg.split_stream(self.buffer)
            if one is not None:
                return sipmsg.parse(one)
            left = end - time.monotonic()
            if left <= 0:
                return None
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except (socket.timeout, OSError):
                return None
            if not data:
                return None
            self.buffer += data

    def closed(self, timeout):
        """Whether the gateway ends the connection in that time."""
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                if not self.socket.recv(65536):
                    return True
            except socket.timeout:
                return False
            except OSError:
                return True
        return False
