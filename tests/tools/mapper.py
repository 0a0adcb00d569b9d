"""A conference mapper on HTTP, as operators run one: ids to rooms."""
import asyncio
import json
import urllib.parse


class Mapper:
    def __init__(self, ip, known=None):
        self.ip, self.known = ip, known or {}
        self.asked = []          # query parameters of each request
        self.headers = []
        self.status = 200
        self.silent = False
        self.slow = set()        # ids that are looked for as long as here
        self._server = None

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, self.ip, 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://{self.ip}:{port}/map?id={{id}}&caller={{caller}}"
        return self

    async def __aexit__(self, *_):
        self._server.close()

    async def _serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(path).query))
        self.asked.append(query)
        self.headers.append(head)
        if self.silent:
            return
        while query.get("id") in self.slow:
            await asyncio.sleep(0.02)
        answer = self.known.get(query.get("id"), {"conference": False})
        body = json.dumps(answer).encode()
        writer.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\nConnection: close\r\n\r\n"
                     % (self.status, len(body)) + body)
        await writer.drain()
        writer.close()

    async def wanted(self, ident, timeout=5):
        """Wait until somebody asks for this id."""
        end = asyncio.get_running_loop().time() + timeout
        while ident not in [q.get("id") for q in self.asked]:
            assert asyncio.get_running_loop().time() < end, self.asked
            await asyncio.sleep(0.02)
