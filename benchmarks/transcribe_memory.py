"""How much memory and time `tingshuo transcribe` takes for a recording of hours.

    python benchmarks/transcribe_memory.py [--hours 2] [--model BUNDLE] [--kind speech|silence] [--vad own] [--limit-mb 400]

A recording is made on the disk: the built-in voice says a sentence over and over, with pauses and a little noise, or nobody says
anything. A child process transcribes it; its highest resident memory and its time over the length of the recording are printed.
Without ``--model`` a recogniser stands in that hears frames of a filter bank and says a character for each 0.3 s of sound: then
the figures are those of everything but the recogniser. Above ``--limit-mb`` the exit code is 1.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

import tingshuo
from tingshuo.audio.fbank import fbank
from tingshuo.audio.resample import resample
from tingshuo.audio.vad import VadConfig
from tingshuo.config.fbank import FbankConfig
from tingshuo.tasks.recognise.find import load_recogniser
from tingshuo.tasks.recognise.search import Hypothesis
from tingshuo.tasks.recognise.transcribe import Listening, Transcription
from tingshuo.types import Wav

RATE = 16000
SENTENCE = "今天天气真好，我们出去走走，顺便买一点水果回来。"
MB = 1 << 20


class StandIn:
    """Says 嘟 for each 0.3 s of sound."""

    sample_rate, frame_s = RATE, 0.3
    written = ("", "嘟")

    def hear(self, wav: Wav, beam: int = 10, expected: object = None) -> tuple[Hypothesis, ...]:
        """Return one text."""
        loud = np.flatnonzero(fbank(wav, FbankConfig()).mean(1)[::30] > 8)
        count = len(loud)
        return (Hypothesis((1,) * count, 0.0, tuple(loud.tolist()), (1.0,) * count),)

    def text(self, units: tuple[int, ...]) -> str:
        """Return units as they are written."""
        return "".join(self.written[unit] for unit in units)


def main() -> None:
    """Make the recording, run the child, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--model")
    parser.add_argument("--kind", choices=("speech", "silence"), default="speech")
    parser.add_argument("--vad", default="own")
    parser.add_argument("--limit-mb", type=float, default=400.0)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        listen(arguments.child, arguments.model, arguments.vad)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        record(path, arguments.hours, arguments.kind)
        command = [sys.executable, __file__, "--child", str(path), "--vad", arguments.vad]
        command += ["--model", arguments.model] if arguments.model else []
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        size_mb = path.stat().st_size / MB
    told = json.loads(done.stdout)
    print(f"{arguments.kind}, {told['duration_s'] / 3600:.2f} hours, {size_mb:.0f} MB of wav, {arguments.model or 'stand-in'}")
    print(f"segments {told['segments']}, characters {told['characters']}")
    print(f"peak resident memory {told['peak_mb']:.0f} MB, RTF {told['rtf']:.4f} by the clock, {told['cpu_rtf']:.4f} of one core")
    sys.exit(told["peak_mb"] > arguments.limit_mb)


def record(path: Path, hours: float, kind: str) -> None:
    """Write a recording block by block."""
    rng = np.random.default_rng(0)
    said = np.zeros(5 * RATE, np.float32)
    if kind == "speech":
        speech = tingshuo.load("default").synthesize(SENTENCE)
        said = np.pad(resample(speech.wav, speech.sample_rate, RATE), (0, RATE))
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        written = 0
        while written < hours * 3600 * RATE:
            block = said + (3e-4 * rng.standard_normal(len(said), np.float32) if kind == "speech" else 0)
            file.write(block)
            written += len(block)


def listen(path: Path, model: str | None, vad: str) -> None:
    """Transcribe, keep nothing, print what it took."""
    recogniser = load_recogniser(model) if model else StandIn()
    began, cpu = time.perf_counter(), time.process_time()
    going = Transcription(path, recogniser, Listening(vad=VadConfig(net=vad)))  # type: ignore[arg-type]
    segments = characters = 0
    for segment in going:
        segments += 1
        characters += len(segment.text)
    duration_s = going.blocks.heard_s
    told = {
        "duration_s": duration_s,
        "segments": segments,
        "characters": characters,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rtf": (time.perf_counter() - began) / duration_s,
        "cpu_rtf": (time.process_time() - cpu) / duration_s,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
