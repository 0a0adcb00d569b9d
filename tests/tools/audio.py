"""Codecs, tones and WAV files for the tests; audio is int16 at 8 kHz."""
import ctypes
import ctypes.util
import functools
import wave

import numpy as np

from places import BUILD

RATE = 8000
FRAME = 160  # 20 ms


def _ulaw_table():
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    mantissa, exponent = code & 0x0F, (code >> 4) & 7
    value = ((mantissa << 3) + 0x84 << exponent) - 0x84
    return np.where(code & 0x80, -value, value).astype(np.int16)


def _alaw_table():
    code = np.arange(256, dtype=np.int32) ^ 0x55
    mantissa, exponent = code & 0x0F, (code >> 4) & 7
    value = np.where(exponent == 0, (mantissa << 4) + 8,
                     ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, value, -value).astype(np.int16)


def _encoder(table):
    """For each 16-bit sample the code whose value is nearest (G.711 picks
    decision levels half-way, so nearest is right)."""
    order = np.argsort(table, kind="stable")
    values = table[order].astype(np.int32)
    middle = (values[1:] + values[:-1]) / 2
    samples = np.arange(-32768, 32768)
    return order[np.searchsorted(middle, samples)].astype(np.uint8)


class G711:
    clock = 8000
    step = FRAME  # RTP time stamp units in a frame

    def __init__(self, name, pt, table):
        self.name, self.pt, self.table = name, pt, table
        self.codes = _encoder(table)

    def encode(self, frame):
        return self.codes[frame.astype(np.int32) + 32768].tobytes()

    def decode(self, payload):
        return self.table[np.frombuffer(payload, np.uint8)]


PCMU = G711("PCMU", 0, _ulaw_table())
PCMA = G711("PCMA", 8, _alaw_table())


@functools.lru_cache
def _libopus():
    lib = ctypes.CDLL(ctypes.util.find_library("opus") or "libopus.so.0")
    lib.opus_encoder_create.restype = ctypes.c_void_p
    lib.opus_decoder_create.restype = ctypes.c_void_p
    return lib


class Opus:
    """One direction pair of Opus through libopus, at 8 kHz inside."""
    clock = 48000
    step = 960
    name = "opus"

    def __init__(self, pt=111):
        self.pt = pt
        err = ctypes.c_int()
        lib = _libopus()
        self.enc = ctypes.c_void_p(lib.opus_encoder_create(
            RATE, 1, 2048, ctypes.byref(err)))
        self.dec = ctypes.c_void_p(lib.opus_decoder_create(
            RATE, 1, ctypes.byref(err)))

    def encode(self, frame):
        out = ctypes.create_string_buffer(1500)
        pcm = np.ascontiguousarray(frame, np.int16)
        n = _libopus().opus_encode(
            self.enc, pcm.ctypes.data_as(ctypes.c_void_p), len(pcm), out,
            len(out))
        return out.raw[:max(n, 0)]

    def decode(self, payload):
        out = np.zeros(960, np.int16)
        n = _libopus().opus_decode(
            self.dec, payload, len(payload),
            out.ctypes.data_as(ctypes.c_void_p), len(out), 0)
        return out[:max(n, 0)]

    def __del__(self):
        lib = _libopus()
        lib.opus_encoder_destroy(self.enc)
        lib.opus_decoder_destroy(self.dec)


@functools.lru_cache
def _libg722():
    lib = ctypes.CDLL(str(BUILD / "tests/tools/libtest_g722.so"))
    lib.test_g722_new.restype = ctypes.c_void_p
    return lib


class Halfband:
    """From 8 to 16 kHz or back, one frame after the other."""
    taps = np.sinc((np.arange(47) - 23) / 2) * np.hamming(47)

    def __init__(self):
        self.before = np.zeros(46)

    def _filter(self, x):
        x = np.concatenate([self.before, x])
        self.before = x[-46:]
        return np.convolve(x, self.taps, "valid")

    def up(self, frame):
        wide = np.zeros(2 * len(frame))
        wide[::2] = frame
        return _int16(self._filter(wide))

    def down(self, wide):
        return _int16(self._filter(wide.astype(np.float64))[::2] / 2)


def _int16(x):
    return np.clip(np.round(x), -32768, 32767).astype(np.int16)


class G722:
    """One direction pair of G.722 by a codec of the tests' own (g722.c)."""
    clock = 8000
    step = FRAME
    name, pt = "G722", 9

    def __init__(self):
        self.enc = ctypes.c_void_p(_libg722().test_g722_new())
        self.dec = ctypes.c_void_p(_libg722().test_g722_new())
        self.up, self.down = Halfband(), Halfband()

    def encode(self, frame):
        wide = self.up.up(frame)
        out = ctypes.create_string_buffer(len(frame))
        _libg722().test_g722_encode(
            self.enc, wide.ctypes.data_as(ctypes.c_void_p), out,
            ctypes.c_size_t(len(frame)))
        return out.raw

    def decode(self, payload):
        wide = np.zeros(2 * len(payload), np.int16)
        _libg722().test_g722_decode(
            self.dec, payload, wide.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(len(payload)))
        return self.down.down(wide)

    def __del__(self):
        _libg722().test_g722_free(self.enc)
        _libg722().test_g722_free(self.dec)


def codec(name, pt=None):
    name = name.lower()
    if name == "pcmu":
        return PCMU
    if name == "pcma":
        return PCMA
    if name == "g722":
        return G722()
    if name == "opus":
        return Opus(111 if pt is None else pt)
    raise ValueError(f"no codec {name}")


# ---- sources: callables that give the next 20 ms ----

SILENCE = np.zeros(FRAME, np.int16)


def silence():
    return lambda: SILENCE


def samples_of(data, loop=True):
    """The samples over and over, or once and then silence."""
    at = 0

    def frame():
        nonlocal at
        out = data[at:at + FRAME]
        at += FRAME
        if len(out) < FRAME:
            if loop:
                at = FRAME - len(out)
                out = np.concatenate([out, data[:at]])
            else:
                out = np.concatenate(
                    [out, np.zeros(FRAME - len(out), np.int16)])
        return out

    return frame


def sine(hertz, seconds, db=-20.0):
    t = np.arange(int(seconds * RATE)) / RATE
    peak = 32767 * 10 ** (db / 20) * np.sqrt(2)
    return np.round(peak * np.sin(2 * np.pi * hertz * t)).astype(np.int16)


def tone(hertz, db=-20.0):
    """A steady tone; hertz a multiple of 50, so that it loops cleanly."""
    return samples_of(sine(hertz, 1.0, db))


def voice(path):
    data, rate = read_wav(path)
    if rate != RATE:
        raise ValueError(f"{path}: {rate} Hz, expected {RATE}")
    return samples_of(data)


ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEYPAD = ("123A", "456B", "789C", "*0#D")


def dtmf(key, seconds, db=-10.0):
    for row, keys in zip(ROWS, KEYPAD):
        if key in keys:
            column = COLUMNS[keys.index(key)]
            return (sine(row, seconds, db - 3) +
                    sine(column, seconds, db - 3)).astype(np.int16)
    raise ValueError(f"no key {key!r}")


# ---- measures ----

def level(data):
    """RMS in dBFS, -100 for nothing."""
    if len(data) == 0:
        return -100.0
    rms = np.sqrt(np.mean(np.square(data.astype(np.float64))))
    return max(-100.0, 20 * np.log10(max(rms, 1e-9) / 32768))


def tone_level(data, hertz):
    """RMS of one frequency in dBFS."""
    if len(data) == 0:
        return -100.0
    n = np.arange(len(data))
    c = np.mean(data * np.exp(-2j * np.pi * hertz * n / RATE))
    return max(-100.0, 20 * np.log10(max(abs(c), 1e-9) * np.sqrt(2) / 32768))


# ---- files ----

def read_wav(path):
    with wave.open(str(path), "rb") as w:
        if w.getsampwidth() != 2 or w.getnchannels() != 1:
            raise ValueError(f"{path}: expected 16 bit mono")
        return np.frombuffer(w.readframes(-1), "<i2"), w.getframerate()


def write_wav(path, data, rate=RATE):
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(data.astype("<i2").tobytes())
