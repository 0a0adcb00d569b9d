"""The rendered prompts are what a caller should hear: all there, equally
loud, not clipped, without silence before and with a pause behind them."""
import re

import numpy as np
import pytest

import audio
from places import PROMPTS as NAMES, ROOT

RATES = (8000, 16000)


def load(sounds, rate, name):
    data, found = audio.read_wav(sounds / str(rate) / f"{name}.wav")
    assert found == rate
    return data


def active_level(data, rate):
    frames = data[:len(data) // (rate // 50) * (rate // 50)]
    power = np.mean(np.square(frames.reshape(-1, rate // 50).astype(float)),
                    axis=1)
    active = power[power > power.max() * 1e-3]
    return 10 * np.log10(active.mean()) - 20 * np.log10(32768)


@pytest.mark.parametrize("rate", RATES)
def test_every_row_of_the_table_is_there_and_nothing_else(sounds, rate):
    files = {p.stem for p in (sounds / str(rate)).glob("*")}
    assert files == set(NAMES)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("name", NAMES)
def test_level_peak_ends_and_length(sounds, name, rate):
    data = load(sounds, rate, name)
    seconds = len(data) / rate
    wanted = -26.0 if name == "music" else -20.0
    assert abs(active_level(data, rate) - wanted) < 0.5
    peak = 20 * np.log10(np.abs(data.astype(int)).max() / 32768)
    assert peak <= -1.0
    assert np.abs(np.diff(data[[0, -1]].astype(int))) < 600, "ends click"
    if name == "music":
        assert 12 < seconds < 29
    elif name == "tone":
        assert seconds == 10
    else:
        assert 0.3 < seconds < 9
        loud = np.flatnonzero(np.abs(data.astype(int)) > 104)  # -50 dBFS
        assert loud[0] < 0.1 * rate
        assert 0.25 * rate <= len(data) - loud[-1] < 0.35 * rate


@pytest.mark.parametrize("name", NAMES)
def test_both_rates_hold_the_same(sounds, name):
    low = load(sounds, 8000, name).astype(float)
    high = load(sounds, 16000, name).astype(float)
    assert -4 <= len(high) - 2 * len(low) < 0.2 * 16000
    # Average of two neighbours is low-pass enough to compare the shape.
    n = min(len(low), len(high) // 2)
    half = (high[0:2 * n:2] * 2 + np.roll(high, 1)[0:2 * n:2] +
            np.roll(high, -1)[0:2 * n:2]) / 4
    assert np.corrcoef(low[:n], half)[0, 1] > 0.95


@pytest.mark.parametrize("rate", RATES)
def test_in_the_lobby_the_sentence_comes_every_30_s(sounds, rate):
    seconds = sum(len(load(sounds, rate, name)) / rate
                  for name in ("lobby-wait", "music"))
    assert abs(seconds - 30) < 0.1


def test_music_goes_round_without_a_seam(sounds):
    data = load(sounds, 16000, "music").astype(float)
    seam = np.abs(data[0] - data[-1])
    assert seam <= np.abs(np.diff(data)).max()
    first, last = data[:1600], data[-1600:]
    assert abs(np.log10(np.square(first).mean() /
                        np.square(last).mean())) < 1.5


def test_texts_say_something_of_their_own(prompt_table):
    texts = [t for n, t in prompt_table if n not in ("music", "tone")]
    assert all(texts), "a prompt without a text"
    assert len(set(texts)) == len(texts), "two prompts say the same"


def test_table_and_program_name_the_same_prompts():
    source = ROOT / "src/call/prompts.c"
    in_c = re.findall(r'"([a-z][a-z0-9-]*)"', source.read_text())
    assert in_c == NAMES
