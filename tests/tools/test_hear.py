"""The ear tells every prompt from every other, and hears none in noise."""
import numpy as np
import pytest

import audio
from places import PROMPTS as NAMES

SPOKEN = [n for n in NAMES if n not in ("music", "tone")]


def line(data, seed, codec=audio.PCMU, noise_db=-45):
    """As it comes over a telephone line: later, coded, with noise."""
    noise = np.random.default_rng(seed).normal(
        0, 32768 * 10 ** (noise_db / 20), len(data) + 12345)
    noise[7000:7000 + len(data)] += data
    samples = np.clip(noise, -32768, 32767).astype(np.int16)
    return codec.decode(codec.encode(samples))


@pytest.mark.parametrize("codec", (audio.PCMU, audio.PCMA),
                         ids=lambda c: c.name)
@pytest.mark.parametrize("name", NAMES)
def test_every_prompt_is_heard_as_itself_only(ear, sounds, name, codec):
    data, _ = audio.read_wav(sounds / f"8000/{name}.wav")
    heard = ear.find(line(data, NAMES.index(name), codec))
    assert [h.name for h in heard] == [name]
    assert abs(heard[0].start - 7000 / 8000) < (1.1 if len(data) > 64000
                                                else 0.01)


@pytest.mark.parametrize("name", SPOKEN)
def test_through_opus(ear, sounds, name):
    data, _ = audio.read_wav(sounds / f"8000/{name}.wav")
    opus = audio.Opus()
    n = len(data) // 160 * 160
    coded = [opus.decode(opus.encode(f)) for f in data[:n].reshape(-1, 160)]
    assert ear.names(np.concatenate(coded + [audio.SILENCE] * 20)) == [name]


def test_no_prompt_is_found_in_another(ear):
    """Each alone, so that no better match can hide a wrong one."""
    for a, x in ear.prompts.items():
        padded = np.concatenate([np.zeros(4000), x, np.zeros(64000)])
        for b in ear.prompts:
            if a != b:
                assert ear.find(padded, [b]) == [], f"{b} heard in {a}"


def test_nothing_in_silence_noise_or_tones(ear):
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 1000, 80000).astype(np.int16)
    assert ear.names(noise) == []
    assert ear.names(np.zeros(80000, np.int16)) == []
    assert ear.names(audio.sine(600, 5)) == []
    keys = np.concatenate([audio.dtmf(k, 0.3) for k in "0123456789*#"])
    assert ear.names(keys) == []


def test_several_in_a_row_in_their_order(ear, sounds):
    names = ["enter-id", "no-input", "enter-id", "join", "music"]
    parts = []
    for n in names:
        parts += [audio.read_wav(sounds / f"8000/{n}.wav")[0][:90000],
                  np.zeros(1000, np.int16)]
    assert ear.names(np.concatenate(parts)) == names


def test_an_interrupted_prompt_is_not_claimed(ear, sounds):
    data, _ = audio.read_wav(sounds / "8000/help.wav")
    assert ear.names(np.concatenate([data[:8000], np.zeros(50000, np.int16)])
                     ) == []
