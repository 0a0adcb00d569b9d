"""A SIP user agent's lower half: one UDP or TCP endpoint with transactions
(RFC 3261, section 17), dispatch to dialogs, and a digest client."""
import asyncio
import collections

import sipmsg
from rtp import bound
from sipmsg import Message
from space import inside
from watch import Watch

T1, T2 = 0.5, 4.0


class Timeout(Exception):
    """No final response came."""


class ServerTx:
    """A request that came in, to be answered."""

    def __init__(self, endpoint, request, reply_to):
        self.endpoint, self.request = endpoint, request
        self.reply_to = reply_to
        self.response = None
        self.acked = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.on_cancel = None     # called when CANCEL came
        self._again = None
        self.to_tag = request.tag("To") or sipmsg.token()

    def respond(self, status, reason=None, headers=(), body=b"",
                content_type="application/sdp", repeat=True):
        """Send a response; final ones to INVITE are repeated until ACK."""
        req = self.request
        m = Message(status=status, reason=reason or
                    sipmsg.REASONS.get(status, "Unknown"))
        for via in req.getall("Via"):
            m.add("Via", via)
        for rr in req.getall("Record-Route"):
            m.add("Record-Route", rr)
        m.add("From", req.get("From"))
        to = req.get("To")
        if status > 100 and not req.tag("To"):
            to += f";tag={self.to_tag}"
        m.add("To", to).add("Call-ID", req.call_id).add("CSeq",
                                                        req.get("CSeq"))
        for n, v in headers:
            m.add(n, v)
        if body:
            m.add("Content-Type", content_type)
            m.body = body
        self.response = m
        self.send()
        if req.method == "INVITE" and status >= 200 and repeat:
            self._again = asyncio.ensure_future(self._repeat())
        return m

    def send(self):
        self.endpoint.send(self.response, self.reply_to)

    async def _repeat(self):
        wait = T1
        for _ in range(10):
            try:
                await asyncio.wait_for(self.acked.wait(), wait)
                return
            except asyncio.TimeoutError:
                if self.endpoint.closed:
                    return
                self.send()
                wait = min(2 * wait, T2)


class Endpoint(Watch):
    """One local address. Requests that belong to no dialog go to
    on_request(tx); those that do, to dialog.on_request(tx)."""

    def __init__(self, ip, port=0, transport="udp", agent="jigate-test",
                 space=None, tls=None, serve=None):
        """tls: an ssl.SSLContext and the server's name, for transport
        "tls". serve: an ssl.SSLContext: connections are taken."""
        super().__init__()
        self.tls, self.server_name = tls or (None, None)
        self.serve, self._server_socket = serve, None
        self.ip, self.port, self.transport = ip, port, transport
        self.host = f"[{ip}]" if ":" in ip else ip  # as in URIs
        self.space = space          # network namespace, None: this one
        self.agent = agent
        self.closed = False
        self.dialogs = {}           # (Call-ID, local tag) -> dialog
        self.on_request = None
        self.accept_from = None     # set of (ip, port): drop others, unheard
        self.deaf = False           # drop everything
        self.dropped = []           # requests refused by accept_from
        self.timeout = 64 * T1
        self.trace = collections.deque(maxlen=600)
        self.nonce_count = collections.Counter()
        self._client = {}           # (branch, method) -> queue
        self._server = {}           # (branch, method, sent-by) -> ServerTx
        self._udp = None
        self._tcp = {}              # (ip, port) -> writer
        self._tasks = set()

    async def open(self):
        loop = asyncio.get_running_loop()
        if self.transport == "udp":
            with inside(self.space):
                s = bound(self.ip, self.port)
            self._udp, _ = await loop.create_datagram_endpoint(
                lambda: _Udp(self), sock=s)
            self.port = self._udp.get_extra_info("sockname")[1]
        if self.serve:
            self._server_socket = await asyncio.start_server(
                self._accepted, self.ip, self.port, ssl=self.serve)
            self.port = self._server_socket.sockets[0].getsockname()[1]
        return self

    async def _accepted(self, reader, writer):
        source = writer.get_extra_info("peername")[:2]
        self.note(f"connection from {source}")
        self._tcp[source] = writer
        self.changed()
        await self._read(reader, writer, source)

    @property
    def connections(self):
        """Far ends of the connections there are."""
        return list(self._tcp)

    def cut(self):
        """Break all connections, without a word."""
        for w in list(self._tcp.values()):
            w.transport.abort()
        self._tcp.clear()

    def stop_serving(self):
        self._server_socket.close()
        self._server_socket = None

    def close(self):
        self.closed = True
        if self._udp:
            self._udp.close()
        if self._server_socket:
            self._server_socket.close()
        for w in self._tcp.values():
            w.close()
        for t in list(self._tasks):
            t.cancel()

    def spawn(self, coroutine):
        """Run beside; errors are printed, cancelled at close()."""
        task = asyncio.ensure_future(coroutine)
        self._tasks.add(task)

        def done(t):
            self._tasks.discard(t)
            if not t.cancelled() and t.exception():
                self.note(f"!! {t.exception()!r}")
        task.add_done_callback(done)
        return task

    def note(self, line):
        loop = asyncio.get_running_loop()
        self.trace.append(f"{loop.time():.3f} {self.ip}:{self.port} {line}")

    # ---- transport ----

    async def connect(self, dest):
        """TCP and TLS: connect, so that the local port is known."""
        if dest in self._tcp and not self._tcp[dest].is_closing():
            return
        reader, writer = await asyncio.open_connection(
            *dest, local_addr=(self.ip, 0), ssl=self.tls,
            server_hostname=self.server_name)
        self._tcp[dest] = writer
        self.port = writer.get_extra_info("sockname")[1]
        self.spawn(self._read(reader, writer, dest))

    async def _read(self, reader, writer, dest):
        buffer = b""
        try:
            while data := await reader.read(65536):
                buffer += data
                while True:
                    one, buffer = sipmsg.split_stream(buffer)
                    if one is None:
                        break
                    self.received(one, dest)
        except OSError:
            pass  # the peer reset the connection: the same as its end
        finally:
            writer.close()
            self._tcp.pop(dest, None)

    def send(self, message, dest):
        data = message if isinstance(message, bytes) else message.encode()
        self.note(f"-> {dest[0]}:{dest[1]} {message}"
                  if isinstance(message, Message) else f"-> {len(data)} bytes")
        if self.closed:
            return
        if self.transport == "udp":
            self._udp.sendto(data, dest)
        elif dest in self._tcp:
            self._tcp[dest].write(data)

    def received(self, data, source):
        if self.deaf or self.closed or not data.strip(b"\r\n\0"):
            return
        try:
            m = sipmsg.parse(data)
        except (sipmsg.ParseError, ValueError) as e:
            self.note(f"<- {source[0]}:{source[1]} unreadable: {e}")
            return
        m.source = source
        self.note(f"<- {source[0]}:{source[1]} {m}")
        if m.is_request:
            self._request_in(m, source)
        else:
            queue = self._client.get((m.branch, m.cseq[1]))
            if queue:
                queue.put_nowait(m)
            elif m.cseq[1] == "INVITE" and 200 <= m.status < 300:
                d = self.dialogs.get((m.call_id, m.tag("From")))
                if d:
                    d.on_late_answer(m)
        self.changed()

    def _request_in(self, m, source):
        via = sipmsg.params(m.get("Via", ""))
        sent_by = m.get("Via", "").split(";")[0]
        d = self.dialogs.get((m.call_id, m.tag("To")))
        if m.method == "ACK":
            tx = self._server.get((m.branch, "INVITE", sent_by))
            if tx:
                tx.acked.set()
            if d:
                d.on_ack(m)
            return
        key = (m.branch, m.method, sent_by)
        if key in self._server:
            if self._server[key].response:
                self._server[key].send()
            return
        if d is None and m.method != "CANCEL" and \
                self.accept_from is not None and \
                source not in self.accept_from:
            self.dropped.append(m)
            self.note("   dropped: not from the registrar")
            return
        reply_to = source
        if "rport" not in via and self.transport == "udp":
            _, host, port, _ = sipmsg.uri_parts(
                "sip:" + sent_by.split(" ")[-1])
            reply_to = (source[0], port or 5060)
        tx = ServerTx(self, m, reply_to)
        self._server[key] = tx
        if m.method == "CANCEL":
            invite = self._server.get((m.branch, "INVITE", sent_by))
            if invite is None:
                tx.respond(481)
                return
            tx.to_tag = invite.to_tag
            tx.respond(200)
            invite.cancelled.set()
            if invite.on_cancel:
                invite.on_cancel()
        elif d:
            d.on_request(tx)
        elif m.tag("To"):
            tx.respond(481)
        elif self.on_request:
            self.on_request(tx)
        else:
            tx.respond(480)

    # ---- requests of our own ----

    def local_uri(self, user):
        extra = "" if self.transport == "udp" else \
            f";transport={self.transport}"
        return f"sip:{user}@{self.host}:{self.port}{extra}"

    def via(self, branch):
        return (f"SIP/2.0/{self.transport.upper()} {self.host}:{self.port}"
                f";branch={branch};rport")

    async def request(self, m, dest, provisional=None, timeout=None,
                      sent=None, branch=None):
        """Send a request and return the final response; raises Timeout.
        Retransmits over UDP, acknowledges final responses >= 300 to INVITE.
        sent is an asyncio.Event set once a provisional response came."""
        if self.transport != "udp":
            await self.connect(dest)
        branch = branch or "z9hG4bK" + sipmsg.token(8)
        m.headers.insert(0, ("Via", self.via(branch)))
        if m.get("Max-Forwards") is None:
            m.add("Max-Forwards", 70)
        if m.get("User-Agent") is None:
            m.add("User-Agent", self.agent)
        key = (branch, m.method)
        queue = self._client[key] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        end = loop.time() + (timeout or self.timeout)
        wait = T1
        proceeding = False
        self.send(m, dest)
        try:
            while True:
                left = end - loop.time()
                again = self.transport == "udp" and \
                    not (proceeding and m.method == "INVITE")
                if left <= 0 and not (proceeding and m.method == "INVITE"):
                    raise Timeout(f"no answer to {m.method} {m.uri}")
                try:
                    r = await asyncio.wait_for(
                        queue.get(), min(wait, max(left, 0.01)) if again
                        else max(left, 1.0))
                except asyncio.TimeoutError:
                    if again:
                        self.send(m, dest)
                        wait = 2 * wait if m.method == "INVITE" \
                            else min(2 * wait, T2)
                    continue
                if r.status < 200:
                    proceeding = True
                    if sent:
                        sent.set()
                    if provisional:
                        provisional(r)
                    continue
                if m.method == "INVITE" and r.status >= 300:
                    self.send(self._ack_failure(m, r), dest)
                return r
        finally:
            if m.method == "INVITE":
                # Late and repeated 200s are the dialog's to acknowledge,
                # repeated failures the transaction's.
                self._client[key] = _Straggler(self, m, dest)
            else:
                del self._client[key]

    def _ack_failure(self, invite, response):
        m = Message("ACK", invite.uri)
        m.add("Via", invite.get("Via")).add("From", invite.get("From"))
        m.add("To", response.get("To")).add("Call-ID", invite.call_id)
        m.add("CSeq", f"{invite.cseq[0]} ACK").add("Max-Forwards", 70)
        return m

    async def authenticated(self, make, dest, user, password, **kw):
        """Send what make() gives; on 401 or 407 once more with a digest."""
        m = make()
        r = await self.request(m, dest, **kw)
        if r.status in (401, 407) and password is not None:
            chal = sipmsg.challenge(r.get("WWW-Authenticate") or
                                    r.get("Proxy-Authenticate"))
            m = make()
            self.nonce_count[chal["nonce"]] += 1
            value = sipmsg.digest(chal, user, password, m.method, m.uri,
                                  self.nonce_count[chal["nonce"]])
            m.add("Authorization" if r.status == 401
                  else "Proxy-Authorization", value)
            r = await self.request(m, dest, **kw)
        return r


class _Straggler:
    """Takes what still comes for an INVITE that has its final response."""

    def __init__(self, endpoint, invite, dest):
        self.endpoint, self.invite, self.dest = endpoint, invite, dest

    def put_nowait(self, r):
        if r.status >= 300:
            self.endpoint.send(
                self.endpoint._ack_failure(self.invite, r), self.dest)
        elif r.status >= 200:
            d = self.endpoint.dialogs.get((r.call_id, r.tag("From")))
            if d:
                d.on_late_answer(r)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, endpoint):
        self.endpoint = endpoint

    def datagram_received(self, data, source):
        self.endpoint.received(data, source[:2])
