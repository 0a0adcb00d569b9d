#!/usr/bin/python3
"""One phone call into a meeting, told as it happens: ./run.sh --demo."""
import asyncio
import pathlib
import sys
import tempfile
import time

import audio
import hear
from gateway import Embedded
from jigasi import Jigasi, Plan
from phone import Phone
from places import BINARY, SOUNDS, prompt_rows

# "I D" is for the machine's tongue.
TEXTS = {name: text.replace("I D", "ID") for name, text in prompt_rows()}
VOICE = 600  # Hz: Anna's voice, so that it can be told from the meeting's
MEETING = 900


class Story:
    def __init__(self):
        self.start = time.monotonic()

    def tell(self, who, what):
        at = time.monotonic() - self.start
        print(f"{at:5.1f} s  {who:<8} {what}", flush=True)


class Demo:
    def __init__(self, folder, wav):
        self.gateway = Embedded(folder, BINARY, SOUNDS)
        self.ear = hear.ear(str(SOUNDS / "en"))
        self.story = Story()
        self.wav = wav
        self.call = self.meeting = None
        self.heard_until = 0

    def tell(self, who, what):
        self.story.tell(who, what)

    async def hears(self, name, timeout=10):
        """Wait for a prompt in what the phone receives, and quote it."""
        end = time.monotonic() + timeout
        while True:
            found = self.ear.find(self.call.media.heard(self.heard_until),
                                  [name])
            if found:
                self.heard_until += int(found[0].end * audio.RATE)
                self.tell("Gateway", f"“{TEXTS[name]}”")
                return
            if time.monotonic() > end:
                raise TimeoutError(f"the phone did not hear “{TEXTS[name]}”")
            await asyncio.sleep(0.1)

    async def hears_tone(self, who, session, hertz):
        start = session.mark()

        def now():
            half = session.heard(max(start, session.mark() - 4000))
            return len(half) >= 4000 and audio.tone_level(half, hertz) > -30
        await session.until(now, 5, f"{who} hearing the other side")

    async def keys(self, keys, meaning):
        self.tell("Anna", f"keys {' '.join(keys)}   ({meaning})")
        await self.call.keys(keys)

    async def run(self):
        g = self.gateway
        await asyncio.to_thread(g.start)
        self.tell("Gateway", f"is up: phones at {g.external[0]}, Jigasi at "
                  f"{g.internal[0]}")
        async with Jigasi(g.jigasi_password, g.internal, ip=g.host()) as j, \
                Phone(g.user, g.password, g.external, ip=g.host(),
                      display="Anna Example") as phone:
            if (await j.register()).status != 200:
                raise RuntimeError("Jigasi could not register")
            self.tell("Jigasi", f"has registered as {j.aor[4:]}")
            if (await phone.register()).status != 200:
                raise RuntimeError("the phone could not register")
            self.tell("Anna", f"has a phone registered as {phone.aor[4:]}")
            await self.in_call(j, phone)
        wrong = await asyncio.to_thread(g.stop)
        if wrong:
            raise RuntimeError(f"the gateway {wrong[0]}")
        self.tell("Gateway", "has ended in peace")

    async def in_call(self, j, phone):
        j.default = Plan(delay=1.0, audio=str(MEETING))
        self.tell("Anna", "calls 1000")
        call = self.call = await phone.call("1000")
        call.media.source = audio.tone(VOICE)
        await call.wait_state("up")
        await self.hears("enter-id")
        await self.keys("4711#", "the meeting id")
        meeting = self.meeting = await j.next_call()
        self.tell("Jigasi", f"rings for room {meeting.room}, caller "
                  f"{meeting.caller}")
        await meeting.wait_state("up")
        self.tell("Jigasi", "has joined the meeting")
        await self.hears("in-conference")
        await self.hears_tone("Anna", call.media, MEETING)
        await self.hears_tone("the meeting", meeting.media, VOICE)
        self.tell("Meeting", "and Anna hear each other")
        self.tell("Gateway", "says on /stats: " +
                  await asyncio.to_thread(in_short, self.gateway))
        await self.mute(call, meeting)
        await self.hand(meeting)
        self.tell("Anna", "hangs up")
        await call.hang_up()
        await meeting.wait_state("ended")
        self.tell("Jigasi", "has left the meeting")
        stats = meeting.media.stats()
        self.tell("Meeting", f"got {stats.received} packets of Anna's audio, "
                  f"{stats.lost or 'none'} lost")
        if stats.lost or stats.breaks or stats.sources != 1:
            raise RuntimeError(f"audio was not whole: {stats}")
        if meeting.media.keys_heard:
            raise RuntimeError("keys went through to Jigasi")
        audio.write_wav(self.wav, call.media.heard())
        self.tell("Anna", f"heard all of this: {self.wav}")

    async def mute(self, call, meeting):
        await self.keys("*6", "mute")
        start = meeting.media.mark()
        await meeting.media.until(
            lambda: meeting.media.mark() - start > 2400 and audio.level(
                meeting.media.heard(meeting.media.mark() - 1600)) < -60,
            4, "the meeting hearing nothing of Anna")
        await self.hears("muted")
        await meeting.wait(lambda: meeting.muted, 4,
                           "Jigasi showing Anna as muted")
        self.tell("Meeting", "sees Anna muted and hears nothing of her")
        await self.keys("*6", "unmute")
        await self.hears("unmuted")
        await self.hears_tone("the meeting", meeting.media, VOICE)
        self.tell("Meeting", "hears Anna again")

    async def hand(self, meeting):
        self.tell("Meeting", "is being moderated from now on")
        await meeting.moderation(True)
        await self.hears("moderation-on")
        await self.keys("*9", "raise the hand")
        await self.hears("hand-raised")
        if not meeting.hand:
            raise RuntimeError("the meeting sees no hand raised")
        self.tell("Meeting", "sees Anna's hand")


def in_short(gateway):
    s = gateway.stats()
    return (f"{s['activeCalls']} active call, {s['registrations']} "
            "registrations")


def main():
    wav = pathlib.Path(sys.argv[1])
    print("Jigate: a phone call into a meeting. Phone and Jigasi are played "
          "by tests/tools.\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="jigate-demo-") as folder:
        demo = Demo(folder, wav)
        try:
            asyncio.run(asyncio.wait_for(demo.run(), 60))
        except KeyboardInterrupt:
            print("\ndemo failed: interrupted")
            return 1
        except Exception as e:  # whatever it is, say it and end well
            if demo.gateway.log_path.exists():
                print("\nThe last the gateway said:")
                print("\n".join(demo.gateway.log().splitlines()[-15:]))
            if demo.call:
                print(demo.call.describe())
            print(f"\ndemo failed: {e or type(e).__name__}")
            return 1
        finally:
            demo.gateway.kill()
    print("\ndemo passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
