"""Rooms that are none: refused with 404, and not a byte of them reaches
Jigasi or the log unescaped."""
import asyncio

import pytest

from e2e.conftest import scene  # noqa: F401

BAD = {
    "a space": "my%20room",
    "a comma": "a%2Cb",
    "braces": "%7Broom%7D",
    "a variable": "%24%7Bhangup%7D",
    "a variable in the domain": "room.%24%7Bx%7D",
    "CR LF": "room%0D%0AX-Domain-Base%3A%20evil.example",
    "LF": "room%0Aerror%20forged%20line",
    "NUL": "room%00x",
    "only NUL": "%00",
    "overlong UTF-8": "room%C0%AF",
    "broken UTF-8": "room%FF",
    "cut-off UTF-8": "room%E2%82",
    "a surrogate": "room%ED%A0%80",
    "right-to-left override": "room%E2%80%AEgpj",
    "a line separator": "room%E2%80%A8x",
    "a quote": "room%22",
    "a backslash": "room%5Cn",
    "an at sign": "room%40muc.evil.example",
    "a slash": "..%2F..%2Fetc%2Fpasswd",
    "a percent sign": "room%25s%25n",
    "angle brackets": "%3Croom%3E",
    "a semicolon": "room%3Btag=1",
    "a pipe": "%7Csh",
    "an apostrophe": "room%27",
    "129 bytes": "r" * 129,
    "65 two-byte letters": "%C3%BC" * 65,
    "1000 bytes": "r" * 1000,
    "a domain with an underscore": "room.a_b.example",
    "a domain with a colon": "room.example%3A5060",
    "an empty label": "room.a..b",
    "a long domain": "room." + "a." * 130 + "b",
    "nothing before the dot": ".example.org",
    "a combining mark alone": "%CC%81",
}


@pytest.mark.parametrize("user", BAD.values(), ids=BAD.keys())
async def test_refused_with_404(scene, sources, user):  # noqa: F811
    async with scene() as s:
        g = s.gateway
        seen = len(g.log_path.read_bytes())
        phone = await s.add_phone(ip=sources.next())
        call = await phone.call(user)
        await call.wait_state("ended", 5)
        # An escape that is none makes the URI unreadable: 400 will do.
        assert call.responses[-1].status == 404
        assert not s.jigasi.calls
        log = g.log_path.read_bytes()[seen:]
        why = [line for line in log.split(b"\n") if b" refused 404" in line]
        assert why
        for line in log.split(b"\n"):
            assert b"\xe2\x80\xae" not in line and b"\xe2\x80\xa8" not in line
            assert all(c >= 0x20 and c != 0x7f for c in line), line
            assert not line.startswith(b"error forged"), line
            line.decode()


@pytest.mark.parametrize("user, room", [
    ("%54eam-%C3%9Cn%C3%AF", "team-\xfcn\xef"),
    ("r%6Fom+1~!_x", "room+1~!_x"),
    ("%C3%BC" * 64, "\xfc" * 64),
])
async def test_odd_but_good(scene, sources, user, room):  # noqa: F811
    async with scene() as s:
        call = await s.call(user, ip=sources.next())
        meeting = await s.jigasi.next_call(10)
        assert meeting.room == room
        await call.wait_state("up", 5)
        await call.hang_up()


async def test_caller_names_do_not_leak_headers(scene, sources):  # noqa: F811
    """A display name with quotes, controls and direction marks reaches
    Jigasi as one clean From."""
    async with scene() as s:
        phone = await s.add_phone(
            ip=sources.next(),
            display='x" <sip:evil@example.com>;tag=1\\\u202e\u0085 ${x}')
        call = await s.call("names", phone)
        meeting = await s.jigasi.next_call(10)
        assert meeting.invite.get("X-Domain-Base") is None
        assert len(meeting.invite.getall("From")) == 1
        name = meeting.caller
        assert "\u202e" not in name and "\u0085" not in name
        assert "jigasi" in meeting.invite.get("To")
        await call.wait_state("up", 5)
        await asyncio.sleep(0.1)
        await call.hang_up()
