"""The measure itself: what it must find, and what it must not mind."""
import numpy as np
import pytest

import library
import measure
import speech

SECONDS = 6


@pytest.fixture(scope="module")
def voice():
    return speech.spoken("phone", SECONDS, 1)


def law_mistaken(payloads):
    """A-law read as µ-law."""
    return library.hear("pcmu", 8000, payloads)


def dropped(x, rate, each_ms=200):
    """20 ms taken out now and then."""
    n, out = rate // 50, x.copy()
    for start in range(rate, len(out) - n, rate * each_ms // 1000):
        out[start:start + n] = 0
    return out


PATHS = [("pcma", "opus"), ("g722", "pcmu"), ("opus", "pcma"),
         ("g722", "opus")]


@pytest.mark.parametrize("first,second", PATHS)
def test_delay_is_not_minded(voice, first, second):
    rate = library.rate(first, second)
    said = voice[rate]
    heard = library.path(library.say(first, voice), first, second)
    reference = measure.quality(said, heard, rate)
    late = np.concatenate([np.zeros(rate // 7, np.int16), heard])
    assert not measure.quality(said, late, rate).bad_as_to(reference)
    # Once in a while a buffer takes a pitch period out.
    middle = len(heard) // 2
    cut = np.concatenate([heard[:middle], heard[middle + rate // 200:]])
    assert not measure.quality(said, cut, rate).bad_as_to(reference)
    assert measure.gaps(said, heard, rate) == []


@pytest.mark.parametrize("first,second", PATHS)
def test_what_is_broken_is_found(voice, first, second):
    rate = library.rate(first, second)
    said = voice[rate]
    heard = library.path(library.say(first, voice), first, second)
    reference = measure.quality(said, heard, rate)
    random = np.random.default_rng(1)
    for name, x in {
            "half as loud": heard // 2,
            "dropped frames": dropped(heard, rate),
            "noise": heard + random.normal(0, 600, len(heard)),
            "clipped": np.clip(heard, -2500, 2500),
            "somebody else": speech.spoken("meeting", SECONDS, 1)[rate],
            "upside down": -heard,
            "silence": heard * 0}.items():
        ours = measure.quality(said, x, rate)
        assert ours.bad_as_to(reference), f"{name}: {ours}, was {reference}"
    assert len(measure.gaps(said, dropped(heard, rate), rate)) >= 8


def test_a_law_mistaken_for_the_other_is_found(voice):
    said = voice[8000]
    payloads = library.say("pcma", voice)
    reference = measure.quality(said, library.path(payloads, "pcma", "pcma"),
                                8000)
    ours = measure.quality(said, law_mistaken(payloads), 8000)
    assert ours.bad_as_to(reference), ours
