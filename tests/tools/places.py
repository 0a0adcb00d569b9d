"""Where things are. JIGATE_BUILD, JIGATE_BIN and JIGATE_SOUNDS_DIR tell when
they are elsewhere than in build-asan."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("JIGATE_BUILD", ROOT / "build-asan"))
BINARY = pathlib.Path(os.environ.get("JIGATE_BIN", BUILD / "src" / "jigate"))
SOUNDS = pathlib.Path(os.environ.get("JIGATE_SOUNDS_DIR", BUILD / "sounds"))


def prompt_rows():
    """(name, text) of every row of the table of prompts."""
    lines = (ROOT / "sounds/en/prompts.txt").read_text().splitlines()
    return [tuple(line.split("\t")) for line in lines
            if line and not line.startswith("#")]


PROMPTS = [name for name, _ in prompt_rows()]
