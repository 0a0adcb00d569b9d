#!/usr/bin/python3
"""CPU time of a gateway that encodes the audio of calls anew, over real
sockets: transcoded.py BUILD PHONE-CODEC JIGASI-CODEC COMPLEXITY CALLS SECONDS

Both ends of every call say a voice that was encoded beforehand. Prints
calls_per_core, the seconds of a call for a second of CPU, and the longest
time between two time stamps of a stream."""
import asyncio
import os
import pathlib
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parents[1]
os.environ["JIGATE_BUILD"] = str(pathlib.Path(sys.argv[1]).resolve())
sys.path[:0] = [str(TESTS), str(TESTS / "tools"), str(TESTS / "audio")]

import audio  # noqa: E402
import library  # noqa: E402
import speech  # noqa: E402
from e2e.scene import Scene  # noqa: E402
from gateway import Embedded  # noqa: E402
from jigasi import Plan  # noqa: E402
from places import BINARY, SOUNDS  # noqa: E402
from stream import Kept, Recording, Say, hurry, say_all  # noqa: E402

STEADY_S = 4  # at the begin, not measured


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[1]
    user, system = fields.split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


async def connect(s, codecs, number):
    phone, jigasi = map(Kept, codecs)
    plan = Plan(audio="silence", codecs=(jigasi,))
    call, meeting = await s.join(f"call{number}", plan=plan, say=0,
                                 codecs=(phone,))
    for end in (call, meeting):
        end.media.source = audio.silence()
        end.media.codec.listening = False
    return call, meeting


async def measure(g, codecs, calls, seconds):
    voice = speech.spoken("phone", seconds + STEADY_S, 0)
    said = [library.say(c, voice) for c in codecs]
    async with Scene(g, None) as s:
        pairs = [await connect(s, codecs, i) for i in range(calls)]
        await asyncio.sleep(4)  # the first prompt
        says = [Say(end.media, payloads) for pair in pairs
                for end, payloads in zip(pair, said)]
        heard = [Recording(end.media, end.media.codec)
                 for pair in pairs for end in pair]
        talk = asyncio.ensure_future(say_all(says))
        await asyncio.sleep(STEADY_S)
        loop = asyncio.get_running_loop()
        begin, used = loop.time(), cpu_s(g.process.pid)
        await asyncio.sleep(seconds - 1)
        used = cpu_s(g.process.pid) - used
        passed = loop.time() - begin
        await talk
        stats = [h.stats() for h in heard]
        for call, _ in pairs:
            await call.hang_up()
    if any(x.lost or x.breaks for x in stats):
        raise SystemExit(f"transcoded: audio was lost: {stats[0]}")
    return calls * passed / used


def main():
    codecs, complexity = sys.argv[2:4], sys.argv[4]
    calls, seconds = int(sys.argv[5]), int(sys.argv[6])
    with tempfile.TemporaryDirectory(prefix="jigate-bench-") as folder:
        g = Embedded(folder, BINARY, SOUNDS, LOG_LEVEL="warn",
                     JIGATE_OPUS_COMPLEXITY=complexity,
                     JIGATE_MEDIA_THREADS="1")
        g.start()
        hurry(g.process.pid)
        try:
            figure = asyncio.run(measure(g, codecs, calls, seconds))
        finally:
            g.stop()
        if "complexity" in g.log():
            raise SystemExit("transcoded: this machine was too busy, Opus "
                             "was made simpler")
    print(f"calls_per_core {figure:.6g} calls")


if __name__ == "__main__":
    main()
