"""How much a recording differs from what was said: segmental SNR and
log-spectral distance, both over frames of 20 ms in which somebody speaks, each
block of speech aligned in time by itself. Samples are int16."""
import dataclasses

import numpy as np

SNR_MIN, SNR_MAX = -10.0, 35.0   # dB, of one frame: what an ear can tell
BLOCK_S = 0.2                    # aligned by itself
SHIFT_S = 0.03                   # … by at most so much more than before
SPEAKING_DB = -35.0              # below the loudest frame
WORSE_DB = 1.0                   # than the reference: what is allowed


@dataclasses.dataclass
class Quality:
    snr: float       # dB, more is better
    distance: float  # dB, less is better
    frames: int

    def __str__(self):
        return (f"segmental SNR {self.snr:.1f} dB, log-spectral distance "
                f"{self.distance:.1f} dB, {self.frames} frames")

    def bad_as_to(self, reference, worse_db=WORSE_DB):
        """What is worse than the reference; empty when nothing is."""
        out = []
        if self.snr < reference.snr - worse_db:
            out.append(f"SNR is {reference.snr - self.snr:.1f} dB worse")
        if self.distance > reference.distance + worse_db:
            out.append("spectra are farther by "
                       f"{self.distance - reference.distance:.1f} dB")
        return out


def lag(said, heard):
    """By how many samples what is heard comes later."""
    n = 1 << (len(said) + len(heard)).bit_length()
    a = np.fft.rfft(said.astype(np.float64), n)
    b = np.fft.rfft(heard.astype(np.float64), n)
    c = np.fft.irfft(b * np.conj(a), n)
    best = int(np.argmax(c))
    return best - n if best > n // 2 else best


def _cut(x, start, n):
    """n samples from start, zeros where there are none."""
    out = np.zeros(n)
    a, b = max(start, 0), min(start + n, len(x))
    if a < b:
        out[a - start:b - start] = x[a:b]
    return out


def _block_lag(block, start, heard, near, reach):
    """The lag of one block, within reach of near."""
    n = len(block)
    around = _cut(heard, start + near - reach, n + 2 * reach)
    product = np.correlate(around, block.astype(np.float64), "valid")
    energy = np.convolve(around ** 2, np.ones(n), "valid")
    return near - reach + int(np.argmax(
        product / np.sqrt(np.maximum(energy, 1.0))))


def aligned(said, heard, rate):
    """heard, so that it fits said, with blocks shifted as they need it."""
    n, reach = int(BLOCK_S * rate), int(SHIFT_S * rate)
    out = np.zeros(len(said))
    near = lag(said, heard)
    loud = np.sqrt(np.mean(said.astype(np.float64) ** 2))
    for start in range(0, len(said) - n + 1, n):
        block = said[start:start + n].astype(np.float64)
        if np.sqrt(np.mean(block ** 2)) > loud / 4:
            near = _block_lag(block, start, heard, near, reach)
        out[start:start + n] = _cut(heard, start + near, n)
    return out


def _frames(x, rate):
    n = rate // 50
    return np.asarray(x, np.float64)[:len(x) // n * n].reshape(-1, n)


def speaking(said, rate):
    """For each frame whether somebody speaks in it."""
    power = np.mean(_frames(said, rate) ** 2, axis=1)
    return power > np.max(power) * 10 ** (SPEAKING_DB / 10)


def _spectra(frames, rate):
    """dB in bands of 100 Hz from 200 Hz on, not quieter than 60 dB below
    the loudest."""
    window = np.hanning(frames.shape[1])
    power = np.abs(np.fft.rfft(frames * window, rate // 100, axis=1)) ** 2
    top = 35 if rate == 8000 else 70
    return 10 * np.log10(power[:, 2:top] + 1e-9)


def quality(said, heard, rate, leave_out=None):
    """leave_out: for each frame whether it is not to be looked at."""
    use = speaking(said, rate)
    if leave_out is not None:
        use &= ~leave_out[:len(use)]
    a = _frames(said, rate)
    b = _frames(aligned(said, heard, rate), rate)[:len(a)]
    a, b = a[:len(b)][use[:len(b)]], b[use[:len(b)]]
    noise = np.sum((a - b) ** 2, axis=1) + 1e-9
    snr = 10 * np.log10(np.sum(a ** 2, axis=1) / noise)
    x, y = _spectra(a, rate), _spectra(b, rate)
    floor = np.max(x) - 60
    distance = np.sqrt(np.mean(
        (np.maximum(x, floor) - np.maximum(y, floor)) ** 2, axis=1))
    return Quality(float(np.mean(np.clip(snr, SNR_MIN, SNR_MAX))),
                   float(np.mean(distance)), len(a))


def gaps(said, heard, rate):
    """Where somebody speaks and nothing is heard: lengths in ms."""
    n = rate // 200  # 5 ms
    fit = aligned(said, heard, rate)

    def power(x):
        x = np.asarray(x, np.float64)[:len(x) // n * n].reshape(-1, n)
        return np.mean(x ** 2, axis=1)

    a, b = power(said), power(fit)
    loud = np.max(a) * 10 ** (-25 / 10)
    out, length = [], 0
    for there, silent in zip(a > loud, b < loud / 1000):
        if there and silent:
            length += 5
        elif length:
            out.append(length)
            length = 0
    return out + ([length] if length else [])
