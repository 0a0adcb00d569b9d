"""Many calls at a time, all of them there when the program is killed."""
import asyncio

import numpy as np

import audio
import hear
from e2e.test_dialout import Scenery

RETRY = 45  # s between redials, longer than it takes for all to be there


class Crowd(Scenery):
    """So many calls at a time that looking for a prompt in one of them must
    not keep the audio of the others waiting."""

    def _said(self, recording, name):
        """Where the prompt ends, 0 when it was not said. Of a crowd's audio
        less is asked than usual: on a busy machine a packet may be late, so
        pieces of the prompt must follow each other, 0.1 s more or less."""
        x = np.asarray(recording, np.float64)
        whole = self.ear.find(x, [name])
        if whole or name in self.ear.long:
            return int(whole[0].end * audio.RATE) if whole else 0
        prompt, n, slack = self.ear.prompts[name], 2000, 800
        loud = np.sqrt(np.mean(np.square(prompt)))
        pieces = [(i, prompt[i:i + n]) for i in range(0, len(prompt) - n, n)
                  if np.sqrt(np.mean(np.square(prompt[i:i + n]))) > loud / 2]
        first, piece = pieces[0]
        score = hear.correlate(x, piece)
        if not len(score) or score.max() < 0.7:
            return 0
        shift, missed = int(np.argmax(score)) - first, 0
        for i, piece in pieces[1:]:
            at = max(0, i + shift - slack)
            score = hear.correlate(x[at:i + shift + n + slack], piece)
            if len(score) and score.max() >= 0.7:
                shift = at + int(np.argmax(score)) - i
            else:
                missed += 1
        return shift + len(prompt) if missed <= 1 else 0

    async def said(self, call, name):
        """Whether it was said at all."""
        return await asyncio.to_thread(self._said, call.media.heard(), name)

    async def hears(self, call, name, timeout=25):
        begin = getattr(call, "heard_until", 0)
        end = now() + timeout
        while True:
            mark = call.media.mark()
            until = await asyncio.to_thread(
                self._said, call.media.heard(begin), name)
            if until:
                # The pause at its end may still be to come, or be cut.
                call.heard_until = min(begin + until, mark)
                return
            if now() > end:
                raise TimeoutError(
                    f"{name} not heard in {timeout} s; {call.describe()}")
            begin = max(begin, mark - self.ear.window(name))
            await asyncio.sleep(0.5)


class Gate:
    """Where callers wait until the program has been killed and started."""

    def __init__(self, *callers):
        """So many whose state lasts, and of those whose is ever briefer:
        each kind gets there when those before it are."""
        self._missing = list(callers)
        self._there = [asyncio.Event() for _ in callers]
        self.killed, self.back = asyncio.Event(), asyncio.Event()
        self._count()

    def _count(self):
        left = 0
        for n, event in zip(self._missing, self._there):
            left += n
            if left == 0:
                event.set()

    async def others(self, kinds=1):
        await self._there[kinds - 1].wait()

    async def all(self):
        await self._there[-1].wait()

    async def dead(self):
        """Be there; returns as soon as the program is dead."""
        self._missing[sum(e.is_set() for e in self._there)] -= 1
        self._count()
        await self.killed.wait()

    async def through(self, *calls):
        """Be there; returns when the program is back. What the calls heard
        before it was killed is behind them."""
        await self.dead()
        for c in calls:
            c.heard_until = c.media.mark()
        await self.back.wait()


async def is_in(s, call, room, timeout=15):
    """The caller gets into the room, and hears and is heard there."""
    meeting = await s.jigasi.next_call(timeout, room)
    await meeting.wait_state("up", 10)
    await s.hears_tone(call, 600)
    assert call.state == "up"
    return meeting


def now():
    return asyncio.get_running_loop().time()
