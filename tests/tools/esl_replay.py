#!/usr/bin/python3
"""FreeSWITCH's side of an event socket: logs in whoever has the password,
answers commands as FreeSWITCH does, and says again what a real one said.

    tests/tools/esl_replay.py tests/data/esl/calls.bin.xz --port 8021
"""
import argparse
import asyncio
import lzma
import pathlib

STATUS = """<?xml version="1.0" encoding="ISO-8859-1"?>
<profiles>
<profile>
<name>external</name>
<type>profile</type>
<data>sip:mod_sofia@127.0.0.1:5060</data>
<state>RUNNING (0)</state>
</profile>
<profile>
<name>internal</name>
<type>profile</type>
<data>sip:mod_sofia@127.0.0.2:5060</data>
<state>RUNNING (0)</state>
</profile>
</profiles>
"""
GATEWAY = """<gateway>
<name>trunk</name>
<type>gateway</type>
<data>sip:account@provider.example</data>
<state>{}</state>
</gateway>
"""
NOBODY = "<profile>\n  <registrations>\n  </registrations>\n</profile>\n"
ANSWERS = (  # how a bgapi begins, what its job says
    ("show channels", '{"row_count": 0}\n'),
    ("sofia xmlstatus profile", NOBODY),
    ("sofia xmlstatus", STATUS),
    ("uuid_dump", "-ERR No such channel!\n"),
)


def read_recording(path):
    raw = pathlib.Path(path).read_bytes()
    return lzma.decompress(raw) if str(path).endswith(".xz") else raw


def frames(raw):
    """Each (head, body) of a recording."""
    at = 0
    while at < len(raw):
        end = raw.find(b"\n\n", at)
        if end < 0:
            return
        head = raw[at:end].decode()
        fields = dict(line.split(": ", 1) for line in head.split("\n"))
        n = int(fields.get("Content-Length", 0))
        if len(raw) < end + 2 + n:
            return  # cut short
        yield head, raw[end + 2:end + 2 + n]
        at = end + 2 + n


def events(raw, formats=("plain",)):
    """The recorded events, but those that answer to somebody's commands."""
    for head, body in frames(raw):
        if any(f"text/event-{f}" in head for f in formats) and \
                b"Event-Name: BACKGROUND_JOB\n" not in body:
            yield f"{head}\n\n".encode() + body


def calls(raw):
    """How many calls begin in these events, and how many of them end."""
    came, gone = set(), set()
    for _, body in frames(raw):
        fields = dict(line.split(b": ", 1) for line in
                      body.split(b"\n\n")[0].split(b"\n") if b": " in line)
        uuid = fields.get(b"Unique-ID")
        if b"variable_jigate_source" not in fields:
            continue
        if fields[b"Event-Name"] == b"CHANNEL_PARK":
            came.add(uuid)
        elif fields[b"Event-Name"] == b"CHANNEL_HANGUP":
            gone.add(uuid)
    return len(came), len(came & gone)


class Replay:
    """async with Replay("127.0.0.1", port, "secret") as r: await r.say(...)"""

    def __init__(self, ip="127.0.0.1", port=0, password="ClueCon",
                 trunk=None):
        """trunk: the state of its gateway, as FreeSWITCH calls it."""
        self.ip, self.port, self.password = ip, port, password
        self.answers = dict(ANSWERS)
        if trunk:
            self.answers["sofia xmlstatus"] = STATUS.replace(
                "</profiles>", GATEWAY.format(trunk) + "</profiles>")
        self.commands = []         # first line of each, as they came
        self.logins = 0
        self._writers = []         # of those who are logged in
        self._all = set()
        self._server = None

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, self.ip,
                                                  self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        await self.stop()

    async def stop(self):
        """As if FreeSWITCH were killed."""
        if self._server:
            self._server.close()
        for w in self._all:
            w.transport.abort()
        self._writers = []
        self._server = None

    def cut(self):
        for w in self._writers:
            w.transport.abort()
        self._writers = []

    async def say(self, data, piece=0):
        """Send bytes to everyone, in pieces of that many bytes."""
        for w in list(self._writers):
            for at in range(0, len(data), piece or len(data)):
                w.write(data[at:at + (piece or len(data))])
                await w.drain()

    def _event(self, text, body=""):
        if body:
            text += f"Content-Length: {len(body.encode())}\n"
        text += "\n" + body
        return (f"Content-Length: {len(text.encode())}\n"
                f"Content-Type: text/event-plain\n\n{text}").encode()

    async def _command(self, reader):
        head = (await reader.readuntil(b"\n\n")).decode().strip("\n")
        lines = head.split("\n")
        fields = {k.lower(): v for k, v in
                  (line.split(": ", 1) for line in lines[1:])}
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        return lines[0], fields, body

    async def _serve(self, reader, writer):
        def reply(text):
            writer.write(f"Content-Type: command/reply\nReply-Text: {text}"
                         "\n\n".encode())

        self._all.add(writer)
        writer.write(b"Content-Type: auth/request\n\n")
        try:
            while True:
                line, fields, _ = await self._command(reader)
                self.commands.append(line)
                if line.startswith("auth "):
                    if line != f"auth {self.password}":
                        reply("-ERR invalid")
                        break
                    reply("+OK accepted")
                elif line.startswith("event "):
                    reply("+OK event listener enabled plain")
                    self.logins += 1
                    self._writers.append(writer)
                elif line.startswith("bgapi "):
                    job = fields["job-uuid"]
                    reply(f"+OK Job-UUID: {job}\nJob-UUID: {job}")
                    answer = next((text for start, text in
                                   self.answers.items() if
                                   line[6:].startswith(start)), "+OK\n")
                    writer.write(self._event(
                        f"Event-Name: BACKGROUND_JOB\nJob-UUID: {job}\n",
                        answer))
                else:
                    reply("+OK")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._all.discard(writer)
            if writer in self._writers:
                self._writers.remove(writer)
            writer.close()


async def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("recording")
    p.add_argument("--ip", default="127.0.0.1")
    p.add_argument("--port", type=int, default=8021)
    p.add_argument("--password", default="ClueCon")
    args = p.parse_args()
    raw = read_recording(args.recording)
    async with Replay(args.ip, args.port, args.password) as r:
        while not r.logins:
            await asyncio.sleep(0.1)
        for event in events(raw):
            await r.say(event)
            await asyncio.sleep(0.01)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
