"""Session descriptions of one audio stream (RFC 4566, RFC 3264)."""
import dataclasses
import re

STATIC = {0: "pcmu", 8: "pcma", 9: "g722", 3: "gsm", 18: "g729"}
RTPMAP = {"pcmu": "PCMU/8000", "pcma": "PCMA/8000", "opus": "opus/48000/2",
          "telephone-event": "telephone-event/8000", "g722": "G722/8000"}


@dataclasses.dataclass
class Sdp:
    ip: str
    port: int
    codecs: list           # (payload type, lower-case name) as ordered
    direction: str = "sendrecv"
    ptime: int = None
    text: str = ""

    def pt(self, name):
        return next((pt for pt, n in self.codecs if n == name), None)

    @property
    def names(self):
        return [n for _, n in self.codecs]


def parse(body):
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    found = re.search(r"^m=audio (\d+) (\S+) ([\d ]+)", text, re.M)
    if not found:
        raise ValueError("no audio stream in the SDP")
    media = text[found.start():]
    address = re.search(r"^c=IN IP[46] (\S+)", media, re.M) or \
        re.search(r"^c=IN IP[46] (\S+)", text, re.M)
    names = dict(STATIC)
    for pt, name, clock in re.findall(r"^a=rtpmap:(\d+) ([^/\s]+)/?(\d*)",
                                      media, re.M):
        names[int(pt)] = name.lower()
        if name == "telephone-event" and clock != "8000":
            names[int(pt)] += f"/{clock}"  # one that is not spoken here
    pts = [int(pt) for pt in found.group(3).split()]
    direction = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$",
                          media, re.M) or \
        re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", text, re.M)
    ptime = re.search(r"^a=ptime:(\d+)", media, re.M)
    return Sdp(ip=address.group(1) if address else "",
               port=int(found.group(1)),
               codecs=[(pt, names.get(pt, "?")) for pt in pts],
               direction=direction.group(1) if direction else "sendrecv",
               ptime=int(ptime.group(1)) if ptime else None, text=text)


def build(ip, port, codecs, direction="sendrecv", version=1, session=1,
          ptime=20, attributes=()):
    """codecs: (payload type, name) in order of preference."""
    kind = "IP6" if ":" in ip else "IP4"
    lines = ["v=0", f"o=- {session} {version} IN {kind} {ip}", "s=-",
             f"c=IN {kind} {ip}", "t=0 0",
             f"m=audio {port} RTP/AVP " + " ".join(str(p) for p, _ in codecs)]
    for pt, name in codecs:
        lines.append(f"a=rtpmap:{pt} {RTPMAP[name]}")
        if name == "telephone-event":
            lines.append(f"a=fmtp:{pt} 0-15")
    lines += [f"a={a}" for a in attributes]
    lines += [f"a=ptime:{ptime}", f"a={direction}"]
    return ("\r\n".join(lines) + "\r\n").encode()
