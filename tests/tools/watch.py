"""Waiting for a condition with a deadline, woken by what happens."""
import asyncio


class Watch:
    """Whoever changes something calls changed(); who waits for it to be so
    calls until()."""

    def __init__(self):
        self._waiters = set()

    def changed(self):
        for f in self._waiters:
            if not f.done():
                f.set_result(None)

    async def until(self, condition, timeout, what="", tell=None):
        """Wait until condition() is true and return its value; raises
        TimeoutError that says what was awaited and tell()s the state."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while True:
            value = condition()
            if value:
                return value
            left = deadline - loop.time()
            if left <= 0:
                seen = f"; {tell()}" if tell else ""
                raise TimeoutError(
                    f"{timeout:g} s passed without {what or 'it'}{seen}")
            f = loop.create_future()
            self._waiters.add(f)
            try:
                # Look again at times: a condition may depend on the clock.
                await asyncio.wait([f], timeout=min(left, 0.25))
            finally:
                self._waiters.discard(f)
