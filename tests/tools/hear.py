#!/usr/bin/python3
"""Tell which prompts are in a recording, and when: normalised
cross-correlation with the rendered prompts.

    tests/tools/hear.py SOUNDS_DIR/en RECORDING.wav
"""
import dataclasses
import functools
import pathlib
import sys

import numpy as np

import audio

ALIKE = 0.75      # correlation of the whole prompt …
PIECE_ALIKE = 0.5  # … and of each of its pieces of PIECE_S seconds: prompts
PIECE_S = 0.25     # that differ in one word only are alike as a whole
QUIET = 30.0      # RMS, of 32768, below which nothing is being said
LONG_S = 8.0      # prompts longer than this are recognised by any second


@dataclasses.dataclass(frozen=True)
class Heard:
    name: str
    start: float      # seconds into the recording
    end: float
    alike: float      # 0 to 1

    def __str__(self):
        return f"{self.start:7.2f} s  {self.name} ({self.alike:.2f})"


def correlate(x, pattern):
    """Normalised correlation of the pattern with x at every offset."""
    n = len(x) - len(pattern) + 1
    if n <= 0:
        return np.zeros(0)
    p = pattern - pattern.mean()
    size = 1 << (len(x) + len(p) - 1).bit_length()
    spectrum = np.fft.rfft(x, size) * np.conj(np.fft.rfft(p, size))
    product = np.fft.irfft(spectrum, size)[:n]
    return product / np.sqrt(_energy(x, len(p))[:n] * np.dot(p, p))


def alike_throughout(x, pattern):
    """Whether every piece of the pattern that is not a pause is there."""
    n = int(PIECE_S * audio.RATE)
    loud = np.sqrt(np.mean(np.square(pattern)))
    for at in (*range(0, len(pattern) - n, n // 2), len(pattern) - n):
        a, b = x[at:at + n], pattern[at:at + n]
        if np.sqrt(np.mean(np.square(b))) < 0.2 * loud:
            continue
        norm = np.sqrt(np.dot(a, a) * np.dot(b, b))
        if norm == 0 or np.dot(a, b) < PIECE_ALIKE * norm:
            return False
    return True


def _energy(x, n):
    """Energy of x over n samples from each offset, never quite nothing."""
    total = np.concatenate([[0.0], np.cumsum(np.square(x))])
    return np.maximum(total[n:] - total[:-n], n * QUIET**2)


class Ear:
    """Knows the prompts of one folder (LANG, with 8000/ in it)."""

    def __init__(self, folder):
        self.prompts, self.long = {}, {}
        for path in sorted(pathlib.Path(folder, "8000").glob("*.wav")):
            data = audio.read_wav(path)[0].astype(np.float64)
            known = self.long if len(data) > LONG_S * audio.RATE \
                else self.prompts
            known[path.stem] = data

    def find(self, recording, names=None):
        """All prompts in the recording, in order of time."""
        x = np.asarray(recording, np.float64)
        found = []
        for name, pattern in self.prompts.items():
            if names is None or name in names:
                found += self._find_whole(x, name, pattern)
        found = _without_overlap(found)
        for name, pattern in self.long.items():
            if names is None or name in names:
                found += self._find_long(x, name, pattern, found)
        return sorted(found, key=lambda h: h.start)

    def window(self, name):
        """Samples that surely hold what was begun but not yet heard."""
        if name in self.long:
            return 2 * audio.RATE
        return len(self.prompts[name]) + audio.RATE // 2

    def names(self, recording):
        return [h.name for h in self.find(recording)]

    @staticmethod
    def _find_whole(x, name, pattern):
        score = correlate(x, pattern)
        out = []
        while len(score):
            at = int(np.argmax(score))
            if score[at] < ALIKE:
                break
            if alike_throughout(x[at:at + len(pattern)], pattern):
                out.append(Heard(name, at / audio.RATE,
                                 (at + len(pattern)) / audio.RATE,
                                 float(score[at])))
            score[max(0, at - len(pattern) + 1):at + len(pattern)] = 0
        return out

    @staticmethod
    def _find_long(x, name, pattern, others):
        """Whole seconds that are a part of the pattern, joined."""
        out = []
        n = audio.RATE
        for at in range(0, len(x) - n + 1, n):
            piece = x[at:at + n]
            start, end = at / audio.RATE, (at + n) / audio.RATE
            if np.sqrt(np.mean(np.square(piece))) < QUIET:
                continue
            score = float(np.max(correlate(pattern, piece)))
            if score < ALIKE:
                continue
            if any(h.start < end and start < h.end for h in others):
                continue
            if out and out[-1].end == start:
                last = out.pop()
                out.append(Heard(name, last.start, end,
                                 max(last.alike, score)))
            else:
                out.append(Heard(name, start, end, score))
        return out


def _without_overlap(found):
    """Where two prompts claim the same stretch, the better one has it."""
    out = []
    for h in sorted(found, key=lambda h: -h.alike):
        if all(h.end <= o.start + 0.1 or o.end <= h.start + 0.1 for o in out):
            out.append(h)
    return out


@functools.lru_cache
def ear(folder):
    return Ear(folder)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    data, rate = audio.read_wav(sys.argv[2])
    if rate != audio.RATE:
        sys.exit(f"hear: {sys.argv[2]} has {rate} Hz, expected {audio.RATE}")
    for h in ear(sys.argv[1]).find(data):
        print(h)


if __name__ == "__main__":
    main()
