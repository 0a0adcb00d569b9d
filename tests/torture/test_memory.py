"""No memory, in the real program: the n-th allocation of a whole call fails.
The program goes on, leaks nothing, and serves the next call. Here some n are
tried; JIGATE_TEST_FAILING_TRIES=10000 tries them all.

Not tried are the allocations of libsofia-sip-ua itself: where it has no
memory it aborts the program by an assertion (su_taglist.c, tl_vlist2())."""
import asyncio
import mmap
import os
import struct

import pytest

import audio
import sipua
from call import Refused
from e2e.scene import Scene
from gateway import Embedded
from places import BUILD

LIBRARY = BUILD / "tests/tools/libfailing.so"
# How many of the allocations of a call are tried, at most.
TRIES = int(os.environ.get("JIGATE_TEST_FAILING_TRIES", 40))
OBJECTS = ("jigate", "libjansson", "libevent", "libopus", "libspandsp",
           "libsrtp", "libcrypto")
SHARED = struct.Struct("qQQ104s")


class Failing:
    """What tests/tools/failing.c shares with us."""

    def __init__(self, path):
        path.write_bytes(bytes(SHARED.size))
        self.path = path
        with open(path, "r+b") as f:
            self._memory = mmap.mmap(f.fileno(), SHARED.size)

    def set(self, n):
        self._memory[:] = SHARED.pack(n, 0, 0, b"")

    def end(self):
        """(whether one failed, where, how many were seen)."""
        left, seen, where, name = SHARED.unpack(self._memory[:])
        self.set(0)
        name = name.rstrip(b"\0").decode()
        return left == 0, f"{name}+{where:#x}", seen


@pytest.fixture
def failing(gateway_with, tmp_path):
    """A gateway whose allocations in certain objects may fail."""
    def start(objects):
        f = Failing(tmp_path / "failing")
        g = gateway_with(run=False, JIGATE_RETRY_INTERVAL="1")
        if not isinstance(g, Embedded):
            pytest.skip("the embedded engine's")
        g.environment.update(
            LD_PRELOAD=str(LIBRARY), JIGATE_TEST_FAILING=str(f.path),
            JIGATE_TEST_FAILING_IN=":".join(objects),
            ASAN_OPTIONS="verify_asan_link_order=0")
        return g.start(), f
    return start


async def whole_call(s, phone, number):
    """A call that keys, as far as it gets."""
    call = phone.make_call()
    call.media.source = audio.silence()
    try:
        await phone.dial(call, number, (), True, None)
        await call.wait_state("up", 4)
        meeting = await s.jigasi.next_call(2, number)
        await meeting.wait_state("up", 2)
        await meeting.wait(lambda: meeting.media.packets, 2)
        await meeting.moderation(True)
        await call.keys("*6")
        await call.media.until(call.media.flowing(10), 2)
        await call.reinvite("sendonly")
    except (Refused, TimeoutError, RuntimeError, sipua.Timeout):
        pass  # this is what happens without memory
    finally:
        try:
            await asyncio.wait_for(call.hang_up(), 5)
        except (asyncio.TimeoutError, sipua.Timeout):
            pass
        call.media.close()


async def numbers(s, f, phone):
    """Which allocations to let fail: all of a call, or some of them."""
    f.set(2**40)
    await whole_call(s, phone, "counted")
    _, _, count = f.end()
    assert count > 5, "the library that fails counts nothing"
    step = max(1, -(-count // TRIES))
    return count, range(1, count + count // 4, step)


async def try_all(s, f, g):
    phone = await s.add_phone()
    count, ns = await numbers(s, f, phone)
    places = set()
    for n in ns:
        f.set(n)
        await whole_call(s, phone, f"room{n}")
        failed, where, _ = f.end()
        assert g.process.poll() is None, f"ended after {n}: {where}"
        if failed:
            places.add(where)
        await s.stats(20, activeCalls=0)
        assert not g.findings(), f"after {n}: {where}"
    print(f"{count} allocations in a call, {len(ns)} tried, "
          f"{len(places)} places failed: {sorted(places)}")
    assert places
    f.set(0)
    call, _ = await s.in_meeting("afterwards", phone=await s.add_phone())
    await call.hang_up()


@pytest.mark.deadline(900)
async def test_a_call_whose_memory_runs_out(failing, ear):
    g, f = failing(OBJECTS)
    g.expect_error("")  # to say that there is no memory is right
    async with Scene(g, ear, codecs=("opus",)) as s:
        await try_all(s, f, g)
