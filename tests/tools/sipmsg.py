"""SIP messages: parse, build, and the few header fields a test needs
(RFC 3261). Written for the tests alone; shares nothing with the program."""
import hashlib
import os
import re

COMPACT = {
    "i": "Call-ID", "m": "Contact", "e": "Content-Encoding",
    "l": "Content-Length", "c": "Content-Type", "f": "From", "s": "Subject",
    "k": "Supported", "t": "To", "v": "Via", "x": "Session-Expires",
    "o": "Event", "r": "Refer-To",
}

REASONS = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK",
    400: "Bad Request", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout",
    480: "Temporarily Unavailable", 481: "Call Does Not Exist",
    486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here",
    500: "Server Internal Error", 501: "Not Implemented",
    503: "Service Unavailable", 603: "Decline",
}


class ParseError(ValueError):
    pass


class Message:
    """A request (method, uri) or a response (status, reason)."""

    def __init__(self, method=None, uri=None, status=None, reason=None):
        self.method = method
        self.uri = uri
        self.status = status
        self.reason = reason
        self.headers = []  # (name, value) in order
        self.body = b""
        self.source = None  # (ip, port) it came from

    @property
    def is_request(self):
        return self.status is None

    def get(self, name, default=None):
        name = name.lower()
        for n, v in self.headers:
            if n.lower() == name:
                return v
        return default

    def getall(self, name):
        name = name.lower()
        return [v for n, v in self.headers if n.lower() == name]

    def add(self, name, value):
        self.headers.append((name, str(value)))
        return self

    def set(self, name, value):
        low = name.lower()
        self.headers = [(n, v) for n, v in self.headers if n.lower() != low]
        return self.add(name, value)

    @property
    def call_id(self):
        return self.get("Call-ID", "")

    @property
    def cseq(self):
        number, _, method = self.get("CSeq", "0 ?").partition(" ")
        return int(number), method.strip()

    @property
    def branch(self):
        return params(self.get("Via", "")).get("branch", "")

    def tag(self, header):
        return params(after_address(self.get(header, ""))).get("tag", "")

    def encode(self):
        if self.is_request:
            first = f"{self.method} {self.uri} SIP/2.0"
        else:
            reason = self.reason or REASONS.get(self.status, "Unknown")
            first = f"SIP/2.0 {self.status} {reason}"
        lines = [first]
        lines += [f"{n}: {v}" for n, v in self.headers
                  if n.lower() != "content-length"]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body

    def __str__(self):
        if self.is_request:
            return f"{self.method} {self.uri}"
        return f"{self.status} {self.reason} ({self.cseq[1]})"


def parse(data):
    """Parse one whole message; raises ParseError."""
    head, sep, body = data.partition(b"\r\n\r\n")
    if not sep:
        raise ParseError("no blank line after the header fields")
    text = head.decode("utf-8", "replace")
    text = re.sub(r"\r\n[ \t]+", " ", text)
    lines = text.split("\r\n")
    first = lines[0].split(" ", 2)
    if len(first) != 3:
        raise ParseError(f"bad start line {lines[0]!r}")
    if first[0] == "SIP/2.0":
        m = Message(status=int(first[1]), reason=first[2])
    elif first[2] == "SIP/2.0":
        m = Message(method=first[0], uri=first[1])
    else:
        raise ParseError(f"bad start line {lines[0]!r}")
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise ParseError(f"bad header field {line!r}")
        name = name.strip()
        m.headers.append((COMPACT.get(name.lower(), name), value.strip()))
    length = m.get("Content-Length")
    m.body = body if length is None else body[:int(length)]
    return m


def split_stream(buffer):
    """Cut one message off a TCP buffer: (message bytes or None, rest)."""
    buffer = buffer.lstrip(b"\r\n")
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None, buffer
    found = re.search(rb"\r\n(?:content-length|l)\s*:\s*(\d+)",
                      buffer[:end + 2], re.I)
    size = end + 4 + (int(found.group(1)) if found else 0)
    if len(buffer) < size:
        return None, buffer
    return buffer[:size], buffer[size:]


def after_address(value):
    """The parameters that follow the <address> of From, To or Contact."""
    if "<" in value:
        return value[value.index(">") + 1:]
    return value


def params(value):
    out = {}
    for part in value.split(";")[1:]:
        name, _, v = part.strip().partition("=")
        out[name.lower()] = v.strip('"')
    return out


def address(value):
    """(display name, URI) of From, To, Contact."""
    match = re.match(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<([^>]*)>',
                     value)
    if not match:
        return "", value.split(";")[0].strip()
    quoted, plain, uri = match.groups()
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted), uri
    return plain.strip(), uri


def quote(display):
    return '"' + re.sub(r'(["\\])', r"\\\1", display) + '"'


def uri_parts(uri):
    """(user, host, port or None, parameters) of a SIP URI."""
    match = re.match(r"sips?:(?:([^@]*)@)?(\[[^\]]*\]|[^:;?]*)(?::(\d+))?"
                     r"([^?]*)", uri)
    if not match:
        raise ParseError(f"not a SIP URI: {uri!r}")
    user, host, port, rest = match.groups()
    return user or "", host, int(port) if port else None, params(rest)


def challenge(value):
    """Parameters of a Digest challenge."""
    return {n.lower(): q or p for n, q, p in re.findall(
        r'(\w+)\s*=\s*(?:"([^"]*)"|([^,\s]+))', value.partition(" ")[2])}


def digest(chal, user, password, method, uri, nc=1, cnonce=None):
    """An Authorization value for a challenge (RFC 2617, RFC 8760)."""
    algorithm = chal.get("algorithm", "MD5")
    hashes = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}

    def h(text):
        return hashes[algorithm.upper()](text.encode()).hexdigest()

    cnonce = cnonce or os.urandom(8).hex()
    ha1 = h(f"{user}:{chal['realm']}:{password}")
    ha2 = h(f"{method}:{uri}")
    out = (f'Digest username="{user}", realm="{chal["realm"]}", '
           f'nonce="{chal["nonce"]}", uri="{uri}", algorithm={algorithm}')
    qops = [q.strip() for q in chal.get("qop", "").split(",")]
    if "auth" in qops:
        count = f"{nc:08x}"
        answer = h(f"{ha1}:{chal['nonce']}:{count}:{cnonce}:auth:{ha2}")
        out += f', qop=auth, nc={count}, cnonce="{cnonce}"'
    else:
        answer = h(f"{ha1}:{chal['nonce']}:{ha2}")
    out += f', response="{answer}"'
    if "opaque" in chal:
        out += f', opaque="{chal["opaque"]}"'
    return out


def token(n=6):
    return os.urandom(n).hex()
