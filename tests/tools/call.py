"""A call, from either end: one dialog (RFC 3261, section 12) with one audio
stream. The phone and the stand-in for Jigasi are made of these."""
import asyncio
import json

import audio
import rtp
import sdp
import sipmsg
import sipua
from sipmsg import Message
from watch import Watch

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE"


class Refused(Exception):
    """The call was not answered; status and message tell."""

    def __init__(self, response):
        super().__init__(str(response))
        self.status, self.response = response.status, response


class Call(Watch):
    """state is new, calling, ringing, up or ended."""

    def __init__(self, endpoint, user, codecs=("pcmu", "pcma"), events=True,
                 ip=None):
        super().__init__()
        self.endpoint, self.user = endpoint, user
        self.codecs = [audio.codec(c) if isinstance(c, str) else c
                       for c in codecs]
        self.events = events           # offer telephone-event
        self.media = rtp.Session(ip or endpoint.ip, endpoint.space)
        self.attributes = []           # more lines of our SDP
        self.state = "new"
        self.admits = lambda tx: True  # else it was answered
        self.history = []              # (time, what)
        self.infos = []                # (content type, body) received
        self.responses = []            # to our INVITE
        self.requests = []             # in the dialog, received
        self.on_info = None
        self.silent = False            # answers and sends nothing any more
        self.end_reason = None         # Reason header of the far side's BYE
        self.ended_by = None           # "us" or "them"
        self.invite = None             # as received or as sent
        self.answer = None             # the 200
        self.early = None              # the first 18x with SDP
        self.remote_sdp = None
        self.call_id = f"{sipmsg.token(8)}@{endpoint.host}"
        self.local_tag, self.remote_tag = sipmsg.token(), ""
        self.local, self.remote = "", ""     # From and To without tags
        self.target, self.routes = "", []
        self.dest = None
        self.cseq, self.version = 1, 1
        self.direction = "sendrecv"    # what we said last
        self.headers = []              # of every request in the dialog
        self.reinvite_status = 200     # what a re-INVITE is answered with
        self.info_status = 200         # what an INFO is answered with
        self._tx = None
        self._unacknowledged = []      # INVITEs that we answered
        self._cancelling = False
        self._offer = True
        self._ack = None
        self._provisional = asyncio.Event()
        self._branch = None
        self._credentials = (None, None)
        self._zero = asyncio.get_running_loop().time()

    def happened(self, what):
        now = asyncio.get_running_loop().time()
        self.history.append((now - self._zero, what))
        self.endpoint.note(f"** {what}")
        self.changed()

    def describe(self):
        return f"call is {self.state}: " + ", ".join(
            f"{t:.1f} s {w}" for t, w in self.history[-12:])

    async def wait(self, condition, timeout=5, what=""):
        return await self.until(condition, timeout, what, self.describe)

    async def wait_state(self, state, timeout=5):
        """Wait for a state; a call that ended on the way raises at once."""
        await self.wait(lambda: self.state in (state, "ended"), timeout,
                        f"the call being {state}")
        if self.state != state:
            if self.responses and self.responses[-1].status >= 300:
                raise Refused(self.responses[-1])
            raise RuntimeError(self.describe())

    # ---- session description ----

    def _our_codecs(self):
        out = [(c.pt, c.name.lower()) for c in self.codecs]
        if self.events:
            out.append((101, "telephone-event"))
        return out

    def _body(self, codecs=None):
        body = sdp.build(self.media.ip, self.media.port,
                         codecs or self._our_codecs(), self.direction,
                         self.version,
                         ptime=self.media.wished_ptime, attributes=self.attributes)
        self.version += 1
        return body

    def _agree(self, remote, answering):
        """Take the first codec of the remote side that is ours too; returns
        what an answer holds, or None when there is none."""
        self.remote_sdp = remote
        ours = {c.name.lower(): c for c in self.codecs}
        chosen = next(((pt, ours[n]) for pt, n in remote.codecs if n in ours),
                      None)
        if chosen is None:
            return None
        pt, codec = chosen
        event = remote.pt("telephone-event") if self.events else None
        if answering:
            decoders = {pt: codec}
            our_event = event
        else:
            decoders = {c.pt: c for c in self.codecs}
            our_event = 101 if event is not None else None
        sending = remote.direction in ("sendrecv", "recvonly") and \
            self.direction in ("sendrecv", "sendonly") and \
            remote.ip != "0.0.0.0"
        self.media.mux = "a=rtcp-mux" in remote.text
        self.media.agreed((remote.ip, remote.port), codec, pt, event,
                          decoders, our_event, sending)
        answer = [(pt, codec.name.lower())]
        if event is not None:
            answer.append((event, "telephone-event"))
        return answer

    # ---- calling ----

    async def start(self, uri, dest, local, credentials=(None, None),
                    headers=(), offer=True):
        """Send the INVITE; the answer is awaited in the background."""
        await self.media.start()
        if self.endpoint.transport != "udp":
            await self.endpoint.connect(dest)
        self.local, self.remote = local, f"<{uri}>"
        self.target, self.dest = uri, dest
        self._credentials, self._offer = credentials, offer
        self.endpoint.dialogs[(self.call_id, self.local_tag)] = self
        self.state = "calling"
        self.endpoint.spawn(self._call(headers))

    def make(self, method, body=b"", content_type=None, headers=()):
        m = Message(method, self.target)
        m.add("From", f"{self.local};tag={self.local_tag}")
        tag = f";tag={self.remote_tag}" if self.remote_tag else ""
        m.add("To", f"{self.remote}{tag}").add("Call-ID", self.call_id)
        for r in self.routes:
            m.add("Route", r)
        m.add("CSeq", f"{self.cseq} {method}")
        self.cseq += 1
        if method in ("INVITE", "UPDATE"):
            m.add("Contact", f"<{self.endpoint.local_uri(self.user)}>")
            m.add("Allow", ALLOW)
        for n, v in [*self.headers, *headers]:
            m.add(n, v)
        if body:
            m.add("Content-Type", content_type)
            m.body = body
        return m

    async def _call(self, headers):
        def invite():
            body = self._body() if self._offer else b""
            self._provisional.clear()
            self.invite = self.make("INVITE", body, "application/sdp",
                                    headers)
            return self.invite

        def provisional(r):
            self.responses.append(r)
            if r.status > 100:
                self.remote_tag = r.tag("To")
                if self.state == "calling":
                    self.state = "ringing"
                if r.body and self._offer and not self.early:
                    self.early = r
                    self._agree(sdp.parse(r.body), answering=False)
                self.happened(f"{r.status} {r.reason}")

        try:
            r = await self.endpoint.authenticated(
                self._fresh(invite), self.dest, *self._credentials,
                provisional=provisional, sent=self._provisional)
        except sipua.Timeout as e:
            self._finish("us", str(e))
            return
        self.responses.append(r)
        if r.status >= 300:
            self._finish("them", f"{r.status} {r.reason}")
            return
        self._answered(r)
        if self._cancelling:
            self._finish("us", "200 in spite of CANCEL, BYE sent")
            await self._bye()
            return
        if self.state != "ended":  # a BYE may come in the same moment
            self.state = "up"
        self.happened(f"{r.status} {r.reason}")

    def _fresh(self, invite):
        def make():
            self.remote_tag = ""
            return invite()
        return make

    def _answered(self, r):
        self.answer = r
        self.remote_tag = r.tag("To")
        self.routes = list(reversed(r.getall("Record-Route")))
        self._set_target(r)
        body = b""
        if self._offer:
            self._agree(sdp.parse(r.body), answering=False)
        else:
            body = self._body(self._agree(sdp.parse(r.body), True))
        self._send_ack(self.invite.cseq[0], body)

    def _set_target(self, m):
        contact = m.get("Contact")
        if contact:
            self.target = sipmsg.address(contact)[1]
            if self.endpoint.transport == "udp" and not self.routes:
                _, host, port, _ = sipmsg.uri_parts(self.target)
                self.dest = (host.strip("[]"), port or 5060)

    def _send_ack(self, number, body=b""):
        ack = self.make("ACK", body, "application/sdp")
        self.cseq -= 1
        ack.set("CSeq", f"{number} ACK").add("Max-Forwards", 70)
        ack.headers.insert(0, ("Via", self.endpoint.via(
            "z9hG4bK" + sipmsg.token(8))))
        self._ack = ack
        self.endpoint.send(ack, self.dest)

    def on_late_answer(self, r):
        """A repeated 200, or one that crossed our CANCEL."""
        if self._ack and self._ack.cseq[0] == r.cseq[0]:
            self.endpoint.send(self._ack, self.dest)

    async def cancel(self):
        """CANCEL, once a provisional response came; waits for the end."""
        await self._provisional.wait()
        m = Message("CANCEL", self.invite.uri)
        for name in ("From", "To", "Call-ID"):
            m.add(name, self.invite.get(name))
        m.add("CSeq", f"{self.invite.cseq[0]} CANCEL")
        self._cancelling = True
        self.happened("CANCEL sent")
        r = await self.endpoint.request(m, self.dest,
                                        branch=self.invite.branch)
        await self.wait(lambda: self.state == "ended", 10,
                        "the INVITE's end after CANCEL")
        return r

    # ---- being called ----

    async def accept_invite(self, tx):
        """Take a call that came in; ring() and answer() it then."""
        await self.media.start()
        m = tx.request
        self._tx, self.invite = tx, m
        self._unacknowledged.append(tx)
        self.call_id = m.call_id
        self.local_tag = tx.to_tag
        self.remote_tag = m.tag("From")
        self.local, self.remote = m.get("To"), m.get("From").split(";tag=")[0]
        self.routes = m.getall("Record-Route")
        self.dest = m.source
        self.target = sipmsg.address(m.get("Contact", m.get("From")))[1]
        self.state = "calling"
        self.endpoint.dialogs[(self.call_id, self.local_tag)] = self
        tx.on_cancel = self._cancelled

    def _contact(self):
        return [("Contact", f"<{self.endpoint.local_uri(self.user)}>"),
                ("Allow", ALLOW)]

    def ring(self, status=180, early=False):
        """180 or 183; early: with SDP, so that we are heard from now on."""
        body = b""
        if early:
            body = self._body(self._agree(sdp.parse(self.invite.body), True))
        self._tx.respond(status, headers=self._contact(), body=body)
        if self.state == "calling":
            self.state = "ringing"
            self.happened(f"{status} sent")

    def pick_up(self, headers=()):
        """200 OK; False when no codec fits (488 is sent)."""
        if self.invite.body:
            answer = self._agree(sdp.parse(self.invite.body), answering=True)
            if answer is None:
                self.refuse(488)
                return False
            body = self._body(answer)
        else:
            body = self._body()
        self._tx.respond(200, headers=[*self._contact(), *headers], body=body)
        self.state = "up"
        self.happened("200 sent")
        return True

    def refuse(self, status, reason=None, headers=()):
        self._tx.respond(status, reason, headers=headers)
        self._finish("us", f"{status} sent")

    def _cancelled(self):
        self.happened("CANCEL received")
        if self.state in ("calling", "ringing"):
            self.on_cancelled()

    def on_cancelled(self):
        self._tx.respond(487)
        self._finish("them", "cancelled")

    # ---- in the call ----

    def on_ack(self, m):
        if m.body and not self.invite.body and self.remote_sdp is None:
            self._agree(sdp.parse(m.body), answering=False)
        for tx in self._unacknowledged:
            tx.acked.set()
        self._unacknowledged.clear()
        self.happened("ACK received")

    def on_request(self, tx):
        m = tx.request
        self.requests.append(m)
        if self.silent or not self.admits(tx):
            return
        handler = {"BYE": self._bye_in, "INFO": self._info_in,
                   "INVITE": self._reinvite_in, "UPDATE": self._update_in,
                   "OPTIONS": lambda t: t.respond(200)}.get(m.method)
        if handler is None:
            tx.respond(405)
        elif self.state == "ended":
            tx.respond(481)
        else:
            handler(tx)
        self.changed()

    def _bye_in(self, tx):
        tx.respond(200)
        self.end_reason = tx.request.get("Reason")
        self._finish("them", "BYE received" + (
            f" ({self.end_reason})" if self.end_reason else ""))

    def _info_in(self, tx):
        tx.respond(self.info_status)
        m = tx.request
        kind = m.get("Content-Type", "").split(";")[0].strip().lower()
        self.infos.append((kind, m.body))
        self.happened(f"INFO received {m.body.decode('utf-8', 'replace')}")
        if self.on_info:
            self.on_info(kind, m.body)

    def _reinvite_in(self, tx):
        self._unacknowledged.append(tx)
        if self.reinvite_status != 200:
            tx.respond(self.reinvite_status)
            return
        m = tx.request
        if m.get("Contact"):
            self.target = sipmsg.address(m.get("Contact"))[1]
        headers = self._contact()
        for name in ("Session-Expires",):
            if m.get(name):
                headers.append((name, m.get(name)))
        if not m.body:
            tx.respond(200, headers=headers, body=self._body())
            return
        remote = sdp.parse(m.body)
        self.direction = {"sendonly": "recvonly", "inactive": "inactive",
                          "recvonly": "sendonly"}.get(remote.direction,
                                                      "sendrecv")
        answer = self._agree(remote, answering=True)
        if answer is None:
            tx.respond(488)
            return
        tx.respond(200, headers=headers, body=self._body(answer))
        self.happened(f"re-INVITE received ({remote.direction})")

    def _update_in(self, tx):
        # As Jigasi: an UPDATE may refresh, not change, the session.
        if tx.request.get("Contact"):
            self.target = sipmsg.address(tx.request.get("Contact"))[1]
        headers = self._contact()
        if tx.request.get("Session-Expires"):
            headers.append(("Session-Expires",
                            tx.request.get("Session-Expires")))
        tx.respond(501 if tx.request.body else 200, headers=headers)

    async def request(self, method, body=b"", content_type=None, headers=(),
                      timeout=None):
        """Any request in the dialog; returns the final response."""
        return await self.endpoint.authenticated(
            lambda: self.make(method, body, content_type, headers), self.dest,
            *self._credentials, timeout=timeout)

    async def info(self, body, content_type="application/json"):
        """INFO with a JSON value, or with text or bytes as they are."""
        if not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        self.happened(f"INFO sent {body[:200].decode('utf-8', 'replace')}")
        return await self.request("INFO", body, content_type)

    async def reinvite(self, direction=None, headers=(), offer=True):
        """Offer anew, e.g. "sendonly" to put on hold; returns the answer."""
        self.direction = direction or self.direction
        body = self._body() if offer else b""
        m = None

        def make():
            nonlocal m
            m = self.make("INVITE", body, "application/sdp", headers)
            return m

        r = await self.endpoint.authenticated(make, self.dest,
                                              *self._credentials)
        if r.status < 300:
            self._set_target(r)
            back = b""
            if offer:
                self._agree(sdp.parse(r.body), answering=False)
            else:
                back = self._body(self._agree(sdp.parse(r.body), True))
            self._send_ack(m.cseq[0], back)
        self.happened(f"re-INVITE ({self.direction}): {r.status}")
        return r

    async def hold(self):
        return await self.reinvite("sendonly")

    async def unhold(self):
        return await self.reinvite("sendrecv")

    async def keys(self, keys, how="rfc4733"):
        """Key digits: rfc4733, inband, info (dtmf-relay) or info-dtmf."""
        self.happened(f"keys {keys} by {how}")
        if how in ("rfc4733", "inband"):
            await self.media.key(keys, how)
            return
        for k in keys:
            if how == "info":
                r = await self.request(
                    "INFO", f"Signal={k}\r\nDuration=160\r\n".encode(),
                    "application/dtmf-relay")
            else:
                r = await self.request("INFO", k.encode(), "application/dtmf")
            if r.status != 200:
                raise Refused(r)

    # ---- the end ----

    def _finish(self, by, what):
        if self.state == "ended":
            return
        self.state, self.ended_by = "ended", by
        self.media.close()
        self.happened(what)

    async def _bye(self, headers=()):
        try:
            return await self.request("BYE", headers=headers, timeout=5)
        except sipua.Timeout:
            return None

    async def hang_up(self, cause=None, text=""):
        """BYE, or CANCEL of a call not yet answered."""
        if self.state == "ended":
            return None
        if self.state in ("calling", "ringing") and self._tx is None:
            return await self.cancel()
        headers = [("Reason", f'SIP;cause={cause};text="{text}"')] \
            if cause else []
        self._finish("us", "BYE sent")
        return await self._bye(headers)

    def go_silent(self):
        """As a machine whose plug was pulled: send and answer nothing."""
        self.silent = True
        self.media.frozen = True
        self.happened("gone silent")
