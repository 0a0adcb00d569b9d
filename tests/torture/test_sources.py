"""Who sends too much, too slowly, or what scanners send. Each source is an
address of its own; none of them may be felt by the others."""
import socket
import time

import pytest

from wire import Tcp, Udp

URI = "sip:1000@meet.jitsi"


def is_deaf(s, method="OPTIONS"):
    return s.request(method, URI, timeout=0.4) is None


@pytest.mark.parametrize("agent", ["friendly-scanner", "sipvicious",
                                   "SIPVicious 0.3.4", "sipcli/v1.8"])
def test_scanners_get_nothing_and_are_banned(gateway, sources, well, agent):
    with Udp(sources.next(), gateway.external) as s:
        for method in ("OPTIONS", "REGISTER", "INVITE"):
            assert s.request(method, URI, [("User-Agent", agent)],
                             timeout=0.3) is None
        assert is_deaf(s), "banned, whatever it is called now"
        assert s.ip in gateway.log()
    well(gateway)


def test_a_stranger_is_challenged_once(gateway, sources, well):
    with Udp(sources.next(), gateway.external) as s:
        assert s.request("INVITE", URI).status == 401
        for _ in range(3):
            assert s.request("INVITE", URI, timeout=0.3) is None
    well(gateway)


def test_many_strangers(gateway, sources, well):
    """Two hundred addresses, one challenge each; a user gets through."""
    answers = 0
    for _ in range(200):
        with Udp(sources.next(), gateway.external) as s:
            r = s.request("INVITE", URI, timeout=1)
            answers += r is not None and r.status == 401
            assert s.request("INVITE", URI, timeout=0.01) is None
    assert answers == 200
    well(gateway)
    assert gateway.stats()["activeCalls"] == 0


def test_a_flood_of_one_source_is_dropped(gateway, sources, well):
    with Udp(sources.next(), gateway.external) as s:
        lines = gateway.log().count("\n")
        for i in range(1500):
            s.send(s.make("OPTIONS", URI).encode())
            if i % 100 == 0:
                time.sleep(0.01)
        answers = 0
        while s.receive(0.3) is not None:
            answers += 1
        assert 0 < answers < 500
        told = [line for line in gateway.log().splitlines()[lines:]
                if s.ip in line]
        assert len(told) < 5, "a line for each dropped request"
        well(gateway)


def test_a_user_is_not_banned_for_what_others_send(gateway, sources):
    """Failures from one address do not shut out a user at another."""
    with Udp(sources.next(), gateway.external) as bad:
        statuses = []
        for _ in range(12):
            r = bad.register(gateway, password="wrong", timeout=0.3)
            statuses.append(r.status if r else None)
        assert 200 not in statuses and statuses[-1] is None
        with Udp(sources.next(), gateway.external) as good:
            assert good.register(gateway).status == 200


@pytest.mark.parametrize("size", [33000, 65000])
def test_oversize_datagrams(gateway, sources, well, size):
    with Udp(sources.next(), gateway.external) as s:
        r = s.request("OPTIONS", URI, [("Subject", "x" * size)], timeout=0.5)
        assert r is None or r.status >= 400
    with Udp(sources.next(), gateway.external) as s:
        many = [(f"X-{i}", i) for i in range(size // 10)]
        m = s.make("OPTIONS", URI)
        m.headers += many
        s.send(m.encode()[:65000])
        s.final(0.3)
    well(gateway)


HALF = [b"", b"O", b"OPTIONS sip:", b"\r\n", b"\r\n\r\n" * 1000,
        b"INVITE sip:1000@meet.jitsi SIP/2.0\r\nVia: SIP/2.0/TCP x\r\n",
        b"\0" * 64, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"]


def test_half_open_connections(gateway, sources, well):
    """A hundred connections that stop in the midst of a message."""
    open_ones = []
    try:
        for i in range(100):
            s = Tcp(sources.next(), gateway.external)
            open_ones.append(s)
            s.send(HALF[i % len(HALF)])
        well(gateway)
    finally:
        for s in open_ones:
            s.socket.close()
    well(gateway)


def test_a_message_that_stops_is_given_up(gateway, sources):
    with Tcp(sources.next(), gateway.external) as s:
        s.send(b"OPTIONS sip:1000@meet.jitsi SIP/2.0\r\nX-Stops: here")
        assert s.closed(20)


def test_slow_loris_disturbs_nobody(gateway, sources, well):
    """Fifty connections that send a byte now and then."""
    slow = []
    try:
        for _ in range(50):
            slow.append(Tcp(sources.next(), gateway.external))
        for byte in b"OPTIONS sip:1000@meet.jitsi SIP/2.0\r\n":
            for s in slow:
                s.send(bytes([byte]))
            time.sleep(0.05)
        well(gateway)
    finally:
        for s in slow:
            s.socket.close()
    well(gateway)


def test_a_length_that_never_comes(gateway, sources, well):
    for length in ("10485760", "4294967297", "99999999999999999999"):
        with Tcp(sources.next(), gateway.external) as s:
            m = s.make("OPTIONS", URI).encode().replace(
                b"Content-Length: 0", b"Content-Length: " + length.encode())
            s.send(m)
            for _ in range(20):
                s.send(b"x" * 65536)
            s.final(0.3)
        well(gateway)


def test_header_without_end_over_tcp(gateway, sources, well):
    with Tcp(sources.next(), gateway.external) as s:
        s.send(b"OPTIONS sip:1000@meet.jitsi SIP/2.0\r\n")
        for i in range(64):
            s.send(b"X-%d: " % i + b"y" * 65536 + b"\r\n")
        s.final(0.3)
    well(gateway)


def test_connections_reset_in_the_midst(gateway, sources, well):
    linger = b"\x01\0\0\0\0\0\0\0"
    for i in range(50):
        with Tcp(sources.next(), gateway.external) as s:
            s.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            s.send(s.make("REGISTER", URI).encode()[:20 * i + 1])
    well(gateway)


def test_jigasis_side_keeps_strangers_out_too(gateway, sources, well):
    with Udp(sources.next(), gateway.internal) as s:
        assert s.request("INVITE", URI).status == 401
        assert s.request("INVITE", URI, timeout=0.3) is None
    with Udp(sources.next(), gateway.internal) as s:
        s.server = gateway.internal
        r = s.register(gateway, timeout=1)  # the phones' user and password
        assert r is None or r.status in (401, 403)
    well(gateway)
