"""Every pair of codecs through the real program: what is said at one end is
compared with what is recorded at the other, and that with what the codecs'
libraries alone make of it."""
import asyncio
import itertools

import pytest

import library
import measure
import speech
from e2e.scene import Scene
from gateway import Embedded
from jigasi import Plan
from stream import Kept, Recording, Say, hurry, say_all

PHONE = ("pcmu", "pcma", "g722", "opus")
JIGASI = ("pcmu", "pcma", "opus")
PAIRS = list(itertools.product(PHONE, JIGASI))
SECONDS = 10
LEFT_OUT_MAX = 0.3  # of the frames: sent too late by the test itself


async def connect(s, phone, jigasi, **options):
    """A call with these codecs; the codecs tell what they heard."""
    ends = Kept(phone), Kept(jigasi)
    plan = Plan(audio="silence", codecs=(ends[1],))
    call, meeting = await s.join(f"{phone}-{jigasi}", plan=plan, say=0,
                                 codecs=(ends[0],), **options)
    assert (call.media.codec, meeting.media.codec) == ends
    return call, meeting


async def connect_all(s, pairs, **options):
    """All of them, and told that they are in the meeting."""
    calls = [await connect(s, *pair, **options) for pair in pairs]
    s.look_every = 1
    for call, _ in calls:
        await s.hears(call, "in-conference", 30)
        await s.hears_silence(call)
    return calls


async def end_all(calls):
    await asyncio.sleep(0.5)  # what is on its way
    for call, _ in calls:
        await call.hang_up()


class Way:
    """One direction of one call."""

    def __init__(self, first, second, session, other, payloads, said):
        self.codecs, self.payloads, self.said = (first, second), payloads, said
        self.name = f"{first} to {second}"
        self.rate = library.rate(first, second)
        self.say = Say(session, payloads)
        self.recording = Recording(other, other.codec)

    def compare(self, late, payloads=None):
        """(our quality, the reference's; what was heard of each)."""
        assert late.mean() < LEFT_OUT_MAX, \
            "this machine is too busy: the test itself sends too late"
        said = self.said[self.rate]
        heard = self.recording.samples(self.rate)
        alone = library.path(payloads or self.payloads, *self.codecs)
        return (measure.quality(said, heard, self.rate, late),
                measure.quality(said, alone, self.rate, late), heard, alone)


def ways_of(calls, pairs, voices):
    said = {(who, name): library.say(name, voices[who])
            for who in voices for name in library.RATES}
    out = []
    for (phone, jigasi), (call, meeting) in zip(pairs, calls):
        out.append(Way(phone, jigasi, call.media, meeting.media,
                       said["phone", phone], voices["phone"]))
        out.append(Way(jigasi, phone, meeting.media, call.media,
                       said["meeting", jigasi], voices["meeting"]))
    return out


def whole(way):
    """One source that never pauses."""
    stats = way.recording.stats()
    assert (stats.lost, stats.sources, stats.breaks) == (0, 1, 0), \
        f"{way.name}: {stats}"


@pytest.fixture(scope="module")
def voices():
    return {who: speech.spoken(who, SECONDS) for who in speech.TEXTS}


@pytest.mark.deadline(240)
async def test_every_pair_of_codecs_sounds_as_its_libraries(
        gateway, ear, voices):
    if not isinstance(gateway, Embedded):
        pytest.skip("FreeSWITCH encodes anew by ways of its own")
    wrong = []
    hurry(gateway.process.pid)
    async with Scene(gateway, ear) as s:
        calls = await connect_all(s, PAIRS)
        ways = ways_of(calls, PAIRS, voices)
        lates = await say_all([w.say for w in ways])
        await end_all(calls)
    for way, late in zip(ways, lates):
        ours, reference, heard, _ = way.compare(late)
        print(f"{way.name}: {ours}; libraries alone: {reference}")
        wrong += [f"{way.name}: {b}" for b in ours.bad_as_to(reference)]
        whole(way)
        lengths = measure.gaps(way.said[way.rate], heard, way.rate)
        wrong += [f"{way.name}: gaps of {lengths} ms"] if lengths else []
    assert not wrong, "\n".join(wrong)
