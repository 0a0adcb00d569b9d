"""The codecs as their libraries have them, through ctypes and with nothing of
ours between: libopus, spandsp (G.722), and the tables of G.711 of the test
tools. What is lost is concealed by libopus itself, or by spandsp's concealment
(ITU-T G.711, Appendix I)."""
import ctypes
import functools

import numpy as np

import audio

VOIP = 2048                       # OPUS_APPLICATION_VOIP
SET_BITRATE, SET_COMPLEXITY = 4002, 4010
BITRATE = {8000: 16000, 16000: 28000, 48000: 48000}  # as the gateway's
COMPLEXITY = 5                    # default of JIGATE_OPUS_COMPLEXITY


@functools.lru_cache
def _lib(name, *pointers):
    lib = ctypes.CDLL(name)
    for f in pointers:
        getattr(lib, f).restype = ctypes.c_void_p
    return lib


def _opus():
    return _lib("libopus.so.0", "opus_encoder_create", "opus_decoder_create")


def _spandsp():
    return _lib("libspandsp.so.2", "g722_encode_init", "g722_decode_init",
                "plc_init")


def _address(samples):
    return samples.ctypes.data_as(ctypes.c_void_p)


class _Concealing:
    """For codecs that cannot conceal."""

    def __init__(self):
        self._plc = ctypes.c_void_p(_spandsp().plc_init(None))

    def received(self, samples):
        out = np.array(samples, np.int16)
        _spandsp().plc_rx(self._plc, _address(out), len(out))
        return out

    def conceal(self, n):
        out = np.zeros(n, np.int16)
        _spandsp().plc_fillin(self._plc, _address(out), n)
        return out

    def __del__(self):
        _spandsp().plc_free(self._plc)


class G711(_Concealing):
    clock, rate = 8000, 8000

    def __init__(self, codec):
        super().__init__()
        self.name, self.pt, self._codec = codec.name, codec.pt, codec

    def encode(self, frame):
        return self._codec.encode(frame)

    def decode(self, payload):
        return self.received(self._codec.decode(payload))


class G722(_Concealing):
    """64 kbit/s; at 8 kHz its lower band alone."""
    name, pt, clock = "G722", 9, 8000

    def __init__(self, rate):
        super().__init__()
        self.rate = rate
        options = 0 if rate == 16000 else 1  # G722_SAMPLE_RATE_8000
        lib = _spandsp()
        self._enc = ctypes.c_void_p(lib.g722_encode_init(None, 64000, options))
        self._dec = ctypes.c_void_p(lib.g722_decode_init(None, 64000, options))

    def encode(self, frame):
        pcm = np.ascontiguousarray(frame, np.int16)
        out = ctypes.create_string_buffer(len(pcm))
        n = _spandsp().g722_encode(self._enc, out, _address(pcm), len(pcm))
        return out.raw[:n]

    def decode(self, payload):
        out = np.zeros(2 * len(payload), np.int16)
        n = _spandsp().g722_decode(self._dec, _address(out), payload,
                                   len(payload))
        return self.received(out[:n])

    def __del__(self):
        super().__del__()
        _spandsp().g722_encode_free(self._enc)
        _spandsp().g722_decode_free(self._dec)


class Opus:
    name, pt, clock = "opus", 111, 48000

    def __init__(self, rate, bitrate=None):
        self.rate = rate
        error = ctypes.c_int()
        lib = _opus()
        self._enc = ctypes.c_void_p(lib.opus_encoder_create(
            rate, 1, VOIP, ctypes.byref(error)))
        self._dec = ctypes.c_void_p(lib.opus_decoder_create(
            rate, 1, ctypes.byref(error)))
        lib.opus_encoder_ctl(self._enc, SET_BITRATE, bitrate or BITRATE[rate])
        lib.opus_encoder_ctl(self._enc, SET_COMPLEXITY, COMPLEXITY)

    def encode(self, frame):
        pcm = np.ascontiguousarray(frame, np.int16)
        out = ctypes.create_string_buffer(1500)
        n = _opus().opus_encode(self._enc, _address(pcm), len(pcm), out, 1500)
        return out.raw[:max(n, 0)]

    def decode(self, payload):
        out = np.zeros(self.rate * 120 // 1000, np.int16)
        n = _opus().opus_decode(self._dec, payload, len(payload),
                                _address(out), len(out), 0)
        return out[:max(n, 0)]

    def conceal(self, n):
        out = np.zeros(n, np.int16)
        _opus().opus_decode(self._dec, None, 0, _address(out), n, 0)
        return out

    def __del__(self):
        _opus().opus_encoder_destroy(self._enc)
        _opus().opus_decoder_destroy(self._dec)


RATES = {"pcmu": (8000,), "pcma": (8000,), "g722": (16000, 8000),
         "opus": (16000, 8000)}


def rate(a, b):
    """The best sample rate that two codecs share."""
    return next(r for r in RATES[a] if r in RATES[b])


def codec(name, rate):
    if name == "opus":
        return Opus(rate)
    if name == "g722":
        return G722(rate)
    return G711(audio.codec(name))


def frames(samples, rate):
    n = rate // 50
    return [samples[i:i + n] for i in range(0, len(samples) - n + 1, n)]


def say(name, speech):
    """Payloads of 20 ms; speech: samples by rate. The wider the better."""
    best = RATES[name][0]
    c = codec(name, best)
    return [c.encode(f) for f in frames(speech[best], best)]


def hear(name, rate, payloads):
    """Samples of payloads, None where one was lost."""
    c = codec(name, rate)
    return np.concatenate([c.conceal(rate // 50) if p is None else c.decode(p)
                           for p in payloads])


def path(payloads, first, second):
    """What is heard where payloads of the first codec are decoded, encoded by
    the second one and decoded again."""
    r = rate(first, second)
    once = hear(first, r, payloads)
    if first == second:
        return once
    c = codec(second, r)
    return hear(second, r, [c.encode(f) for f in frames(once, r)])
