"""What is said: two texts, over and over, spoken by flite with 16 kHz; the
same with 8 kHz."""
import pathlib
import subprocess
import tempfile

import numpy as np

import audio

TEXTS = {
    "phone": "Good morning. This is the office in the third street; five of us "
             "are here. We would like to begin with the figures of last week, "
             "because they were better than anybody thought. Then Charles will "
             "show you what the new machine can do. Please ask whenever "
             "something is not clear.",
    "meeting": "Thank you, we hear you well. Before you start: the meeting is "
               "recorded, and the minutes go to everyone on Thursday. Judy has "
               "to leave at a quarter past ten, so her point comes first. She "
               "found two houses near the river, and both have a garden.",
}
# Silence. Before the speech, jitter buffers shall have forgotten how unsteady
# the tools were while the calls were set up.
BEFORE_S, AFTER_S = 12.0, 0.6


def narrow(wide):
    """Half the sample rate: a windowed sinc of 95 taps, -6 dB at 3.7 kHz."""
    n = np.arange(-47, 48)
    taps = np.sinc(2 * 3700 / 16000 * n) * np.hanning(97)[1:-1]
    out = np.convolve(wide.astype(np.float64), taps / np.sum(taps), "same")
    return np.clip(np.round(out[::2]), -32768, 32767).astype(np.int16)


def spoken(who, seconds, before_s=BEFORE_S):
    """Samples by rate; silence before and after."""
    with tempfile.TemporaryDirectory(prefix="jigate-speech-") as folder:
        path = pathlib.Path(folder, "speech.wav")
        subprocess.run(["flite", "-voice", "slt" if who == "phone" else "rms",
                        "-t", TEXTS[who], "-o", str(path)], check=True)
        voice, rate = audio.read_wav(path)
    if rate != 16000:
        raise ValueError(f"flite spoke with {rate} Hz")
    voice = np.resize(voice, int(seconds * rate)).astype(np.float64)
    voice *= 12000 / np.max(np.abs(voice))
    wide = np.concatenate([np.zeros(int(before_s * rate)), voice,
                           np.zeros(int(AFTER_S * rate))]).astype(np.int16)
    return {16000: wide, 8000: narrow(wide)}
