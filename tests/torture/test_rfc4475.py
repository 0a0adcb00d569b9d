"""The torture messages of RFC 4475 that a gateway can be sent, over UDP and
TCP, as a stranger and with the right password."""
import time

import pytest

import sipmsg
from wire import DATA, Tcp, Udp, load

SILENCE = None
TAKEN = 503  # a call like any other: there is no Jigasi to take it

# What a stranger gets; then what the user with the password gets, where the
# stranger was asked for it. Several where RFC 4475 leaves the choice.
EXPECTED = {
    # 3.1.1 valid messages
    "wsinv": ({401}, {TAKEN}),
    "intmeth": ({405, 501, SILENCE}, None),  # holds an escaped NUL
    "esc01": ({401}, {404}),  # sips:user@example.com is no room
    "escnull": ({401}, {200, 400}),
    "esc02": ({405, 501}, None),
    "lwsdisp": ({200}, None),
    "longreq": ({401}, {TAKEN}),
    "dblreq": ({401}, {200}),
    "semiuri": ({200}, None),
    "transports": ({200}, None),
    "mpart01": ({405}, None),
    "unreason": ({SILENCE}, None),
    "noreason": ({SILENCE}, None),
    # 3.1.2 invalid messages
    "badinv01": ({400, SILENCE}, None),  # its Via leaves no way back
    "clerr": ({400}, None),
    "ncl": ({400, SILENCE}, None),
    "scalar02": ({400}, None),
    "scalarlg": ({SILENCE}, None),
    "quotbal": ({400}, None),
    "ltgtruri": ({400}, None),
    "lwsruri": ({400, SILENCE}, None),
    "lwsstart": ({400, 401}, None),
    "trws": ({400, 200}, None),
    "escruri": ({400, 401}, {TAKEN, 400}),
    "baddate": ({400, 401}, {TAKEN}),
    "regbadct": ({400}, None),
    "badaspec": ({400, 200}, None),
    "baddn": ({400, 200}, None),
    "badvers": ({505}, None),
    "mismatch01": ({400}, None),
    "mismatch02": ({400, 405, 501}, None),
    "bigcode": ({SILENCE}, None),
    # 3.2 to 3.4
    "badbranch": ({200}, None),
    "insuf": ({400}, None),
    "unkscm": ({416}, None),
    "novelsc": ({416}, None),
    "unksm2": ({400, 401, 416}, {400, 416}),
    "bext01": ({420}, None),
    "invut": ({401}, {415}),
    "regaut01": ({401}, {200}),
    "multi01": ({400}, None),
    "mcl01": ({400, SILENCE}, None),
    "bcast": ({SILENCE}, None),
    "zeromf": ({200, 483}, None),
    "cparam01": ({401}, {200}),
    "cparam02": ({401}, {200}),
    # Headers in a contact would become headers of our INVITE to it.
    "regescrt": ({401}, {200, 400}),
    "sdp01": ({401}, {406, TAKEN}),
    "inv2543": ({401}, {400, TAKEN}),
}
# Over TCP a length that is not true is told by what follows, or never.
TCP_EXPECTED = {"clerr": {SILENCE}, "inv2543": {400, 401}}
UDP_ONLY = {"wsinv"}  # its Via is folded around the transport


def message(name, s, g, extra=b""):
    data = load(name, s.me, "%s:%d" % g.external, "tort" + sipmsg.token(8))
    if isinstance(s, Tcp):
        data = data.replace(b"SIP/2.0/UDP " + s.me.encode(),
                            b"SIP/2.0/TCP " + s.me.encode(), 1)
    if extra:
        head, _, rest = data.partition(b"\r\n\r\n")
        data = head + b"\r\n" + extra + b"\r\n\r\n" + rest
    return data


def outcome(s, timeout=0.6):
    """(status, the final response), or SILENCE."""
    end = time.monotonic() + timeout
    while (left := end - time.monotonic()) > 0:
        m = s.receive(left)
        if m is not None and not m.is_request and m.status >= 200:
            return m.status, m
    return SILENCE, None


def ack(m, answer):
    out = sipmsg.Message("ACK", m.uri)
    out.add("Via", m.getall("Via")[0]).add("From", m.get("From"))
    out.add("To", answer.get("To")).add("Call-ID", m.call_id)
    out.add("Max-Forwards", 70).add("CSeq", f"{m.cseq[0]} ACK")
    return out.encode()


def test_every_message_is_expected_something_of():
    assert sorted(EXPECTED) == sorted(p.stem for p in DATA.glob("*.sip"))


CASES = [pytest.param(name, transport,
                      id=f"{name}-{transport.__name__.lower()}")
         for name in sorted(EXPECTED) for transport in (Udp, Tcp)
         if not (transport is Tcp and name in UDP_ONLY)]


@pytest.mark.parametrize("name, transport", CASES)
def test_stranger(gateway, sources, well, name, transport):
    wanted = EXPECTED[name][0]
    if transport is Tcp:
        wanted = TCP_EXPECTED.get(name, wanted)
    with transport(sources.next(), gateway.external) as s:
        s.send(message(name, s, gateway))
        got, response = outcome(s)
        assert got in wanted, response
        if got == 420:
            assert "nothingSupportsThis" in response.get("Unsupported")
        if got == 405:
            assert "INVITE" in response.get("Allow")
        if name == "dblreq" and transport is Udp:
            # What follows the body in a datagram is discarded (18.3).
            assert outcome(s)[0] is SILENCE
    well(gateway)


@pytest.mark.parametrize("name", sorted(n for n, e in EXPECTED.items()
                                        if e[1]))
def test_with_the_right_password(gateway, sources, well, name):
    wanted = EXPECTED[name][1]
    gateway.expect_error("no Jigasi is registered")
    with Udp(sources.next(), gateway.external) as s:
        s.send(message(name, s, gateway))
        got, response = outcome(s)
        if got == 400 and 400 in EXPECTED[name][0]:
            return
        assert got == 401
        first = sipmsg.parse(message(name, s, gateway))
        answer = sipmsg.digest(
            sipmsg.challenge(response.get("WWW-Authenticate")),
            gateway.user, gateway.password, first.method, first.uri)
        data = message(name, s, gateway,
                       b"Authorization: " + answer.encode())
        m = sipmsg.parse(data)
        s.send(data)
        got, response = outcome(s)
        assert got in wanted, response
        if m.method == "INVITE":
            s.send(ack(m, response))
    well(gateway)
