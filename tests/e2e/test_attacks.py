"""Callers who want more than a call: text meant to be read as a command,
names that are not theirs, requests that are not for them. The same for both
engines; on FreeSWITCH every command that it runs is watched besides."""
import asyncio
import contextlib
import pathlib
import re

import pytest

import audio
import sipmsg
from call import Call
from e2e.scene import Scene
from mapper import Mapper
from sipmsg import Message
from sipua import Endpoint, Timeout
from wiretap import Wiretap

LOG_LINE = re.compile(r"\S+Z (error|warn|info|debug) +[^\x00-\x1f\x7f]+")


def payloads(canary):
    """Texts that some parser on the way might take for more. Whoever reads
    one as a command makes the file canary, or sets the variable canary."""
    run = f"system(touch {canary})"
    return {
        "nothing": "attacked",
        "expansion": f"${{{run}}}",
        "expansion twice": f"$${{{run}}}",
        "expansion cut": f"$\\{{{run}}}",
        "expansion quoted": f"'${{{run}}}'",
        "function": f"${run}",
        "backticks": f"`touch {canary}`",
        "shell": f"$(touch {canary})",
        "semicolon": f";touch {canary};",
        "pipe": f"|touch {canary}",
        "and": f"&{run}",
        "variables": "{canary=1}",
        "brackets": "[canary=1]",
        "angles": "<canary=1>room",
        "comma": "x,canary=1,y",
        "delimiter": "^^:canary=1:y=2",
        "multi": "x;canary=1",
        "array": "ARRAY::canary=1|:canary=2",
        "closing": "x'}canary{",
        "threads": f"x:_:sofia/external/{canary}",
        "quote": "'canary=1",
        "double quote": '"canary=1',
        "backslash": "\\canary=1\\",
        "line": f"x%0a%0aapi {run}%0a%0a",
        "lines": f"x%0d%0a%0d%0aapi {run}%0d%0a%0d%0a",
        "encoded": f"%24%7b{run}%7d",
        "spaces": f"  x  y &{run}",
        "words": f"x NORMAL_CLEARING {run}",
        "UTF-8": "\u00fc\u4e2d\u202e\U0001f600",
        "long": "${" * 2000,
        "longer": "x" * 4096,
        "format": "%s%n%d%x",
    }


class Guard:
    """What must still be so after an attack."""

    attackers = 0

    def __init__(self, scene, canary):
        self.scene, self.gateway, self.canary = scene, scene.gateway, canary
        self.server = getattr(self.gateway, "server", None)
        self.log_from = len(self.gateway.log())
        self.tap = Wiretap(self.server) if self.server else None
        # One that FreeSWITCH lost in an earlier test is not ours to tell.
        self.before = self.channels() if self.server else set()
        self.harmless = set()  # applications that ran in vain

    def __enter__(self):
        if self.tap:
            self.tap.__enter__()
        return self

    def __exit__(self, *_):
        if self.tap:
            self.tap.__exit__()

    def attacker(self):
        """An address for one attack: what it does to itself, being banned,
        is not seen by those who come after."""
        Guard.attackers += 1
        a, b = self.gateway.net.split(".")[1:]
        n, host = divmod(Guard.attackers, 240)
        return f"127.{a}.{(int(b) + 1 + n) % 250}.{host + 10}"

    def look(self):
        """Nothing was run, nothing was set, no log line was made up."""
        if self.tap:
            smuggled = [x for x in self.tap.smuggled()
                        if x[0] not in self.harmless]
            assert not smuggled, smuggled
            assert "canary=" not in self.dumps()
        assert not self.canary.exists()
        for line in self.gateway.log()[self.log_from:].splitlines():
            assert LOG_LINE.fullmatch(line), line

    def channels(self):
        return set(re.findall(r'"uuid":"([0-9a-f-]{36})"',
                              self.server.api("show channels as json")))

    def dumps(self):
        """Names and values of all channels' variables."""
        with self.server.esl() as e:
            return "\n".join(e.api(f"uuid_dump {u}")
                             for u in self.channels() - self.before)

    async def over(self):
        """The next caller is served as if nothing had been."""
        s = self.scene
        await s.stats(activeCalls=0, timeout=20)
        if self.server:
            for _ in range(50):
                if not self.channels() - self.before:
                    break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError(self.server.api("show channels"))
        call, meeting = await s.join("after")
        await s.hears_tone(meeting, 600)
        await call.hang_up()
        await s.stats(activeCalls=0)
        self.look()


@pytest.fixture
def guarded(scene, tmp_path):
    @contextlib.asynccontextmanager
    async def run(**options):
        async with scene(**options) as s:
            with Guard(s, tmp_path / "canary") as guard:
                yield s, guard
                await guard.over()
    return run


# ---- text in every place of a call ----

def escaped(text):
    """As the user part of a URI (RFC 3261 section 19.1.2); what is encoded
    already stays so."""
    return "".join(
        c if c.isascii() and (c.isalnum() or c in "-_.!~*'()&=+$,;?/%")
        else "".join(f"%{b:02x}" for b in c.encode()) for c in text)


class Hostile(Call):
    """A call with text in one place of its INVITE."""

    def __init__(self, phone, place, text):
        super().__init__(phone.endpoint, phone.user, phone.codecs)
        self.place, self.text = place, text
        if place == "Call-ID":
            self.call_id = f"{text}{sipmsg.token(4)}@x"

    def make(self, method, body=b"", content_type=None, headers=()):
        m = super().make(method, body, content_type, headers)
        if self.place == "Contact" and m.get("Contact"):
            m.set("Contact", f"<{self.endpoint.local_uri(escaped(self.text))}>"
                             f";x=\"{self.text.replace(chr(34), '')}\"")
        elif self.place == "User-Agent":
            m.set("User-Agent", self.text)
        elif self.place == "headers":
            for name in ("X-Room-Name", "X-FS-Channel-Name", "P-canary",
                         "X-jigate_source", "Subject", "P-Asserted-Identity",
                         "Remote-Party-ID", "Diversion", "Call-Info",
                         "Organization", "X-FS-Support"):
                m.add(name, self.text if name[0] == "X" else
                      f"<sip:{escaped(self.text)}@x>")
        return m

    def _body(self, codecs=None):
        body = super()._body(codecs)
        if self.place != "SDP":
            return body
        text = self.text.encode()
        return body.replace(b"\r\nt=", b"\r\ni=" + text + b"\r\nt=", 1) + \
            b"a=x:" + text + b"\r\na=fmtp:0 " + text + b"\r\n"


FROM = {
    "display name": lambda t, p: f"{sipmsg.quote(t)} <{p.aor}>",
    "bare display name": lambda t, p: f"{t} <{p.aor}>",
    "From user": lambda t, p: f'"x" <sip:{escaped(t)}@meet.jitsi>',
    "From parameter": lambda t, p: f'"x" <{p.aor};x={escaped(t)}>',
}
PLACES = [*FROM, "room", "Call-ID", "Contact", "User-Agent", "headers", "SDP",
          "Reason"]


async def place_call(s, guard, place, text):
    p = await s.add_phone(ip=guard.attacker())
    p.endpoint.timeout = 3   # what cannot be read is not answered
    number = escaped(text) if place == "room" else "attacked"
    local = FROM.get(place, lambda t, p: p.local)(text, p)
    call = Hostile(p, place, text)
    p.calls.append(call)
    await call.start(f"sip:{number}@{p.domain}", p.server, local,
                     (p.user, p.password))
    with contextlib.suppress(TimeoutError):
        await call.wait(lambda: call.state in ("up", "ended"), 3)
    return call


@pytest.mark.parametrize("place", PLACES)
async def test_what_a_caller_writes_is_text(guarded, tmp_path, place):
    async with guarded() as (s, guard):
        texts = list(payloads(tmp_path / "canary").values())
        for i in range(0, len(texts), 8):
            calls = await asyncio.gather(
                *(place_call(s, guard, place, t) for t in texts[i:i + 8]))
            assert i or calls[0].state == "up"  # the one without an attack
            await asyncio.sleep(0.3)  # meetings begin
            guard.look()
            for c in calls:
                with contextlib.suppress(Timeout):
                    await asyncio.wait_for(c.hang_up(
                        *((200, c.text) if place == "Reason" else ())), 5)
        for meeting in s.jigasi.calls:
            hostile(meeting.invite)


def hostile(invite):
    """What Jigasi was told has no line, variable or header of a caller."""
    names = [n.lower() for n, _ in invite.headers]
    assert not {"p-canary", "x-jigate_source", "x-fs-channel-name",
                "canary", "subject"} & set(names), names
    assert names.count("x-room-name") == names.count("from") == 1
    for _, value in invite.headers:
        assert not re.search(r"[\x00-\x1f\x7f]", value), value
        assert "\u202e" not in value


# ---- Jigasi, and who poses as it ----

async def test_texts_of_jigasi_come_back_exactly(guarded):
    """The id of a muteRequest is the one text of Jigasi's that goes out
    again."""
    async with guarded() as (s, guard):
        guard.canary = pathlib.Path(f"/tmp/{sipmsg.token(4)}")
        call, meeting = await s.join("texts")
        on = True
        for name, text in payloads(guard.canary).items():
            if len(text) > 64:
                continue  # longer than an id may be
            await meeting.tell({"type": "muteRequest", "id": text,
                                "data": {"audio": on}})
            await meeting.wait(lambda: meeting.received(
                type="muteResponse", id=text), 5, f"an answer to {name}")
            on = not on
        for body in ({"t": 14, "d": "${system(touch canary)}"},
                     {"t": "${system(touch canary)}"}):
            await meeting.tell(body)
        assert call.state == meeting.state == "up"
        await call.hang_up()


SPOOFED = [
    {"type": "muteRequest", "id": "1", "data": {"audio": True}},
    {"type": "muteResponse", "id": "1", "status": "OK",
     "data": {"audio": True}},
    {"i": 0, "t": 3}, {"i": 1, "t": 7}, {"t": 8, "d": True}, {"t": 10},
    {"t": 11}, {"t": 12}, {"t": 12, "d": True}, {"t": 15, "d": False},
    {"i": 2, "t": 4, "d": {"pwd": "x"}},
]


async def test_a_phone_that_says_it_is_jigasi(guarded):
    async with guarded() as (s, guard):
        p = await s.add_phone()
        call = Call(p.endpoint, "jigasi", p.codecs)
        p.calls.append(call)
        call.headers = [("User-Agent", "Jigasi"),
                        ("P-Asserted-Identity", "<sip:jigasi@meet.jitsi>")]
        await call.start("sip:spoof@meet.jitsi", p.server,
                         '"Jigasi" <sip:jigasi@meet.jitsi>',
                         (p.user, p.password))
        await call.wait_state("up", 5)
        meeting = await s.jigasi.next_call(5, "spoof")
        await s.hears(call, "in-conference")
        for body in SPOOFED:
            await call.info(body)
        await asyncio.sleep(1.5)
        assert call.state == meeting.state == "up"
        assert not meeting.messages and not meeting.muted
        assert s.heard(call) == ["in-conference"]
        call.media.source = audio.tone(600)
        await s.hears_tone(meeting, 600)
        await call.hang_up()


async def stranger(guard, side="external"):
    e = await Endpoint(guard.attacker()).open()
    e.timeout = 3
    return e, getattr(guard.gateway, side)


def out_of_dialog(e, method, to="user", headers=(), body=b"", user="jigasi"):
    m = Message(method, f"sip:{to}@meet.jitsi")
    m.add("From", f"<sip:{user}@meet.jitsi>;tag={sipmsg.token()}")
    m.add("To", f"<sip:{to}@meet.jitsi>")
    m.add("Call-ID", sipmsg.token(8)).add("CSeq", f"1 {method}")
    m.add("Contact", f"<{e.local_uri('jigasi')}>")
    for name, value in headers:
        m.add(name, value)
    m.body = body
    return m


@pytest.mark.parametrize("side", ["external", "internal"])
@pytest.mark.parametrize("user,password", [
    (None, None), ("user", "wrong"), ("jigasi", "wrong"),
    ("jigasi", "phone-secret-77"), ("jigasi", "phone-secret-77 "),
    ("", "")])
async def test_who_has_no_right_to_be_jigasi(guarded, side, user, password):
    """Neither to call as it nor to register as it."""
    async with guarded() as (s, guard):
        await s.stats(registrations=1)
        e, dest = await stranger(guard, side)
        for method, to in (("REGISTER", "jigasi"), ("INVITE", "room"),
                           ("INVITE", "15551234")):
            with contextlib.suppress(Timeout):  # no answer is one, too
                r = await e.authenticated(
                    lambda: out_of_dialog(e, method, to), dest, user,
                    password)
                assert 400 <= r.status < 500, r
        e.close()
        assert not s.jigasi.calls
        assert s.gateway.stats()["registrations"] == 1


async def test_a_phones_password_registers_no_jigasi(guarded):
    """Right credentials of the one, the other's address to register: may it
    be refused or taken for the phone's own, no call goes there."""
    async with guarded() as (s, guard):
        for side in ("external", "internal"):
            e, dest = await stranger(guard, side)
            called = []
            e.on_request = called.append
            with contextlib.suppress(Timeout):
                await e.authenticated(
                    lambda: out_of_dialog(e, "REGISTER", "jigasi",
                                          [("Expires", "60")]),
                    dest, "user", s.gateway.password)
            for _ in range(3):  # the one with the least calls is called
                call, _ = await s.join("whom")
                await call.hang_up()
            assert not [t for t in called if t.request.method == "INVITE"]
            e.close()


# ---- requests that are not for us ----

JSON = [("Content-Type", "application/json")]
STRAY = [
    ("MESSAGE", [("Content-Type", "text/plain")], b"hello"),
    ("SUBSCRIBE", [("Event", "presence"), ("Expires", "600")], b""),
    ("SUBSCRIBE", [("Event", "dialog"), ("Expires", "600")], b""),
    ("PUBLISH", [("Event", "presence"), ("Expires", "600")], b""),
    ("NOTIFY", [("Event", "refer"), ("Subscription-State", "active"),
                ("Content-Type", "message/sipfrag")], b"SIP/2.0 200 OK"),
    ("NOTIFY", [("Event", "talk"), ("Subscription-State", "active")], b""),
    ("NOTIFY", [("Event", "hold"), ("Subscription-State", "active")], b""),
    ("NOTIFY", [("Event", "check-sync"), ("Subscription-State", "active")],
     b""),
    ("REFER", [("Refer-To", "<sip:other@meet.jitsi>")], b""),
    ("REFER", [("Refer-To", "<sip:other@meet.jitsi?Replaces=x%3Bto-tag%3D1"
                            "%3Bfrom-tag%3D1>"),
               ("Referred-By", "<sip:jigasi@meet.jitsi>")], b""),
    ("INFO", JSON, b'{"t":7}'),
    ("INFO", [("Content-Type", "freeswitch/api-request")],
     b"system:touch CANARY"),
    ("INFO", [("Content-Type", "freeswitch/session-event")],
     b"call-command: execute\nexecute-app-name: system\n"
     b"execute-app-arg: touch CANARY\n\n"),
    ("INFO", [("Content-Type", "message/update_display"),
              ("X-FS-Display-Name", "canary"),
              ("X-FS-Display-Number", "canary")], b"canary"),
    ("INFO", [("Record", "on")], b""),
    ("INFO", [("X-ClientCode", "canary=1")], b""),
    ("INFO", [("Content-Type", "application/media_control+xml")], b"<x/>"),
    ("UPDATE", [("P-Asserted-Identity", '"canary" <sip:canary@meet.jitsi>')],
     b""),
    ("NONSENSE", [], b""),
]


def stray_id(x):
    return x.decode()[:20] if isinstance(x, bytes) else \
        "-".join(v for _, v in x)[:30] if isinstance(x, list) else x


@pytest.mark.parametrize("method,headers,body", STRAY, ids=stray_id)
async def test_requests_that_lead_nowhere(guarded, method, headers, body):
    """By a stranger, by a user, by a phone in its call: none of them reaches
    Jigasi or another phone, makes a call, or changes the one that is."""
    async with guarded() as (s, guard):
        body = body.replace(b"CANARY", str(guard.canary).encode())
        bystander = await s.add_phone()
        assert (await bystander.register()).status == 200
        call, meeting = await s.join("nowhere")
        requests = len(meeting.requests)
        for side in ("external", "internal"):
            for to in ("jigasi", "user"):
                e, dest = await stranger(guard, side)
                for password in (None, s.gateway.password):
                    with contextlib.suppress(Timeout):
                        r = await e.authenticated(
                            lambda: out_of_dialog(e, method, to, headers,
                                                  body),
                            dest, "user", password)
                        assert r.status >= 200
                e.close()
        with contextlib.suppress(Timeout):
            await call.request(method, body, headers=headers, timeout=3)
        await asyncio.sleep(0.5)
        assert call.state == meeting.state == "up"
        assert len(s.jigasi.calls) == 1
        assert meeting.requests[requests:] == []
        assert not meeting.messages
        for x in (s.jigasi.endpoint, bystander.endpoint):
            assert not any("<-" in t and f" {method} " in t for t in x.trace)
        await s.hears_tone(meeting, 600)
        await bystander.register(0)
        await call.hang_up()


def replaces(call, extra=""):
    return ("Replaces", f"{call.call_id};to-tag={call.remote_tag}"
                        f";from-tag={call.local_tag}{extra}")


@pytest.mark.parametrize("headers", [
    lambda c: [replaces(c)], lambda c: [replaces(c, ";early-only")],
    lambda c: [replaces(c, ";a-leg=true")],
    lambda c: [("Replaces", f"{c.call_id};to-tag=x;from-tag=y")],
    lambda c: [replaces(c), ("Call-Info", "<sip:x>;appearance-index=1")],
    lambda c: [replaces(c), ("X-FS-Refer-For", "${system(touch x)}")],
    lambda c: [("Join", replaces(c)[1])],
], ids=["Replaces", "early", "a-leg", "no tags", "appearance", "refer",
        "Join"])
async def test_a_call_is_not_taken_over(guarded, headers):
    """INVITE with Replaces (RFC 3891) or Join (RFC 3911), by a phone with
    the password that knows all of another's call."""
    async with guarded() as (s, guard):
        guard.harmless = {"intercept", "sofia_sla", "hangup"}
        call, meeting = await s.in_meeting("mine")
        p = await s.add_phone()
        thief = await p.call("other", headers=headers(call))
        thief.media.source = audio.tone(1200)
        await asyncio.sleep(1.5)
        assert call.state == meeting.state == "up", call.describe()
        start = meeting.media.mark()
        await s.hears_tone(meeting, 600)
        await s.hears_tone(call, 600)
        heard = meeting.media.heard(start)
        assert audio.tone_level(heard, 1200) < -45
        assert audio.tone_level(thief.media.heard(), 600) < -45
        await thief.hang_up()
        await call.hang_up()


# ---- what a conference mapper says ----

PASSWORDS = [
    "!\"#$%&'()*+,-./", ":;<=>?@[\\]^_`|~", "' ' '' \\' \\\\", "a,b=c,d",
    "x  y   z", "\\s\\n\\t\\r", "^^:a:b", "$1 $x $(touch) `x`", "$$x %%n %s",
    "x,origination_uuid=1,sip_h_X-Canary=1", "ARRAY::a|:b", "'", '"', "\\",
    "\u00fc\u4e2d", "a;b|c&d", "[x=1]<y>", "'a','b'", "a\\,b\\=c",
]


async def test_a_password_of_a_mapper_arrives_exactly(gateway_with, ear):
    """Which is a header's value, the one outside text that is not made of
    harmless characters on its way to Jigasi."""
    known = {str(n): {"conference": f"r{n}@muc.meet.jitsi", "password": text}
             for n, text in enumerate(PASSWORDS, 1)}
    async with Mapper("127.0.0.1", known) as mapper:
        g = gateway_with(JIGATE_MEETING_LOOKUP=mapper.url)
        async with Scene(g, ear) as s:
            calls = []
            for n in known:
                calls.append(await s.call("1000"))
                await calls[-1].wait_state("up", 15)
                await asyncio.sleep(0.2)
                await calls[-1].keys(f"{n}#")
            for n, text in enumerate(PASSWORDS, 1):
                meeting = await s.jigasi.next_call(20, f"r{n}")
                assert meeting.invite.get("Jitsi-Conference-Room-Pass") == \
                    text
                assert not meeting.invite.get("X-Canary")
            for call in calls:
                await call.hang_up()
            await s.stats(activeCalls=0)


async def test_a_password_that_no_engine_can_say(gateway_with, ear):
    """Braces cannot be written to FreeSWITCH: such a call fails, says so in
    the log, and does nothing else."""
    known = {"1": {"conference": "r1@muc.meet.jitsi",
                   "password": "${system(touch /tmp/x)}"},
             "2": {"conference": "r2@muc.meet.jitsi", "password": "}{"},
             "3": {"conference": "r3@muc.meet.jitsi", "password": "x"}}
    async with Mapper("127.0.0.1", known) as mapper:
        g = gateway_with(JIGATE_MEETING_LOOKUP=mapper.url)
        g.expect_error("cannot be called through FreeSWITCH")
        g.expect_error("no Jigasi left to try")
        async with Scene(g, ear) as s:
            for n in known:
                call = await s.call("1000")
                await call.wait_state("up", 5)
                await asyncio.sleep(0.2)
                await call.keys(f"{n}#")
            meeting = await s.jigasi.next_call(20, "r3")
            for other in s.jigasi.calls:
                assert other.invite.get("Jitsi-Conference-Room-Pass") == \
                    known[other.room[1]]["password"]
            assert meeting.state == "up"
            assert len(s.jigasi.calls) == (1 if hasattr(g, "server") else 3)
