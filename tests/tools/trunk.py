"""A stand-in for a SIP provider: a registrar with digest, callers behind it,
and telephones that can be called through it."""
import os

import sipmsg
import sipua
from call import Call
from sipmsg import Message


class Trunk:
    """The gateway registers here as user. What is to be answered is set
    before; what came is kept."""

    def __init__(self, ip, user="acct", password="trunk-secret-77",
                 domain="provider.example", port=5060, transport="udp",
                 serve=None):
        """serve: an ssl.SSLContext, for transport "tls"."""
        self.user, self.password, self.domain = user, password, domain
        self.endpoint = sipua.Endpoint(ip, port, transport, "test-trunk",
                                       serve=serve)
        self.endpoint.on_request = self._request_in
        self.granted = 60
        self.least = 0            # 423 for less
        self.register_status = 200
        self.challenges = ['algorithm=MD5, qop="auth"']
        self.without_password = False
        self.challenge_calls = True
        self.challenged = ()      # methods inside dialogs, likewise
        self.nonce = os.urandom(8).hex()
        self.one_nonce = False    # calls get that of REGISTER, too
        self.call_nonces = set()
        self.used = set()         # (nonce, count) seen
        self.registers = []       # REGISTERs that came
        self.answered = []        # credentials that were right
        self.contact = None       # URI that is registered
        self.expires = None
        self.plans = []           # for calls: a function of the call each
        self.calls = []
        self.telephone_codecs = ("pcma", "pcmu")

    async def __aenter__(self):
        await self.endpoint.open()
        return self

    async def __aexit__(self, *_):
        for c in self.calls:
            if c.state not in ("ended", "new"):
                try:
                    await c.hang_up()
                except (sipua.Timeout, OSError):
                    pass  # the gateway has ended before, or the connection
            c.media.close()
        self.endpoint.close()

    # ---- being asked ----

    def new_nonce(self):
        """As after a restart, or when its time is over."""
        self.nonce = os.urandom(8).hex()
        self.used.clear()

    def _challenge(self, tx, status, stale=False):
        name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        nonce = self.nonce
        if status == 407 and not self.one_nonce:
            nonce = os.urandom(8).hex()
            self.call_nonces.add(nonce)
        tx.respond(status, headers=[
            (name, f'Digest realm="{self.domain}", nonce="{nonce}", '
             f'{c}{", stale=true" if stale else ""}')
            for c in self.challenges])

    def _is_right(self, tx, status):
        """Whether the request has right credentials; else it is answered."""
        m = tx.request
        value = m.get("Authorization" if status == 401
                      else "Proxy-Authorization")
        if self.without_password:
            return True
        if value is None:
            self._challenge(tx, status)
            return False
        got = sipmsg.challenge(value)
        if got["nonce"] not in self.call_nonces | {self.nonce}:
            self._challenge(tx, status, stale=True)
            return False
        right = sipmsg.challenge(sipmsg.digest(
            {"realm": self.domain, "nonce": got["nonce"],
             "algorithm": got.get("algorithm", "MD5"),
             "qop": got.get("qop", "")}, self.user, self.password, m.method,
            m.uri, int(got.get("nc", "1"), 16), got.get("cnonce")))
        if got["username"] != self.user or got["uri"] != m.uri or \
                got["response"] != right["response"]:
            self._challenge(tx, status)
            return False
        if "nc" in got:
            use = (got["nonce"], got["nc"])
            assert use not in self.used, "a nonce count came twice"
            self.used.add(use)
        self.answered.append(got)
        return True

    def _request_in(self, tx):
        method = tx.request.method
        if method == "REGISTER":
            self._register(tx)
        elif method == "INVITE":
            self._invite(tx)
        elif method == "OPTIONS":
            tx.respond(200)
        else:
            tx.respond(405)

    def _register(self, tx):
        m = tx.request
        self.registers.append(m)
        if self.register_status is None:
            return
        if self.register_status != 200:
            tx.respond(self.register_status)
            return
        if not self._is_right(tx, 401):
            return
        expires = int(m.get("Expires"))
        if 0 < expires < self.least:
            tx.respond(423, "Interval Too Brief",
                       headers=[("Min-Expires", self.least)])
            return
        uri = sipmsg.address(m.getall("Contact")[0].split(",")[0])[1]
        if expires == 0:
            self.contact = None
            tx.respond(200)
        else:
            self.contact, self.expires = uri, expires
            granted = max(self.granted, self.least)
            tx.respond(200, headers=[
                ("Contact", "<sip:another@192.0.2.1>;expires=7"),
                ("Contact", f"<{uri}>;expires={granted}")])
        self.endpoint.changed()

    def _invite(self, tx):
        if self.challenge_calls and not self._is_right(tx, 407):
            return
        c = Call(self.endpoint, "telephone", self.telephone_codecs)
        self._guard(c)
        self.calls.append(c)
        self.endpoint.spawn(self._telephone(c, tx))

    def _guard(self, call):
        call.admits = lambda tx: tx.request.method not in self.challenged \
            or self._is_right(tx, 407)

    async def _telephone(self, call, tx):
        await call.accept_invite(tx)
        plan = self.plans.pop(0) if self.plans else Trunk.rings_and_answers
        plan(call)
        self.endpoint.changed()

    @staticmethod
    def rings_and_answers(call):
        call.ring()
        call.pick_up()

    async def next_call(self, timeout=5):
        """The next call to a telephone that was not handed out yet."""
        seen = getattr(self, "_handed", 0)
        await self.endpoint.until(lambda: len(self.calls) > seen, timeout,
                                  "a call to a telephone")
        self._handed = seen + 1
        call = self.calls[seen]
        await call.wait(lambda: call.invite is not None)
        return call

    # ---- asking ----

    async def registered(self, timeout=10):
        """Wait until the gateway is registered; its Contact."""
        await self.endpoint.until(lambda: self.contact, timeout,
                                  "a registration")
        return self.contact

    async def call(self, to="+4930555", caller="+4940123", uri=None,
                   endpoint=None, **options):
        """A telephone calls the number of the trunk. endpoint: it comes from
        there instead."""
        c = Call(endpoint or self.endpoint, "telephone",
                 self.telephone_codecs, **options)
        self._guard(c)
        self.calls.append(c)
        self._handed = getattr(self, "_handed", 0) + 1
        uri = uri or self.contact
        _, host, port, _ = sipmsg.uri_parts(uri)
        await c.start(uri, (host, port or 5060),
                      f'"{caller}" <sip:{caller}@{self.domain}>')
        c.remote = f"<sip:{to}@{self.domain}>"
        return c


def request(method, uri, source, to=None):
    """A request outside of dialogs, from a stranger."""
    m = Message(method, uri)
    m.add("From", f"<sip:stranger@{source}>;tag={sipmsg.token()}")
    m.add("To", f"<{to or uri}>").add("Call-ID", sipmsg.token(8))
    return m.add("CSeq", f"1 {method}")
