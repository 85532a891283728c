"""How soon after it was said a character is shown by live recognition, and what that costs.

    python benchmarks/live.py [FILE ...] [--model BUNDLE] [--chunk 0.24 0.48] [--block 0.04] [--clock cpu|wall] [--limit-ms 400]

Without files the built-in voice says sentences, and the times of their characters are known; of files they are those of the
whole hearing, which are less exact. Sound is fed in blocks as a microphone gives it, on a clock of its own: a block is there when
it has been said, is worked on when the one before is done, and takes as long as it took here, by the processor's time or by the
clock on the wall. A character counts as shown when a partial first has it at the place where the last partial of the utterance
has it; one that was heard otherwise does not count. Printed are the median and the 90th percentile of the time from its end to
then, with the work and without it, that of the last character to the final text, how many characters were right in the last
partial and in the final text, the share of real time that live recognition takes, beside what the whole hearing takes in the same
run, and how many of the characters that were told as stable changed later. Above ``--limit-ms`` (90th percentile, of the first
row) the exit code is 1.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import tingshuo
from tingshuo.audio.mono import MonoBlocks
from tingshuo.audio.resample import resample
from tingshuo.audio.vad import SAMPLE_RATE
from tingshuo.tasks.recognise.find import DEFAULT, load_recogniser
from tingshuo.tasks.recognise.hearing import Hears
from tingshuo.tasks.recognise.live import Event, Final, Live, LiveSession, Partial
from tingshuo.tasks.recognise.transcribe import Listening, transcribe
from tingshuo.text.metrics import pair_up
from tingshuo.types import Wav

SENTENCES = (
    "今天天气很好，我们一起去公园走走。",
    "这个问题我们昨天已经讨论过了。",
    "请把会议的时间改到明天下午三点。",
    "中国的首都是北京，上海是最大的城市。",
    "他每天早上六点起床，然后去学校上课。",
    "人工智能正在改变我们的生活和工作。",
    "火车站离这里不远，走路十分钟就到了。",
    "老师说这本书对大家的学习很有帮助。",
)
PAUSE_S = 1.0
CLOCKS: dict[str, Callable[[], float]] = {"cpu": time.process_time, "wall": time.perf_counter}
PLAIN = Listening(finish=None)


@dataclass(frozen=True, slots=True)
class Recording:
    """Samples, and the characters that are said in them with the seconds at which each ends."""

    wav: Wav
    characters: list[tuple[str, float]]


@dataclass(slots=True)
class Run:
    """What came of listening to recordings with one setting."""

    audio_s: float = 0.0
    work_s: float = 0.0
    delays: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    final_delays: list[float] = field(default_factory=list)
    right: int = 0
    stable: int = 0
    broken: int = 0


def main() -> None:
    """Listen and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--model", default=DEFAULT)
    parser.add_argument("--chunk", type=float, nargs="+", default=[0.24])
    parser.add_argument("--block", type=float, default=0.04)
    parser.add_argument("--beam", type=int, default=10)
    parser.add_argument("--clock", choices=sorted(CLOCKS), default="cpu")
    parser.add_argument("--limit-ms", type=float, default=400.0)
    arguments = parser.parse_args()
    recogniser, clock = load_recogniser(arguments.model), CLOCKS[arguments.clock]
    recordings = [heard_file(path, recogniser) for path in arguments.files] or [said(sentence) for sentence in SENTENCES]
    for second_pass in (True, False):  # opens the graphs
        listen(recordings[0], recogniser, Live(second_pass=second_pass), Run(), clock=clock, block_s=arguments.block, beam=1)
    whole_s = sum(hear_whole(one, recogniser, clock, arguments.beam) for one in recordings)
    audio_s = sum(len(one.wav) for one in recordings) / SAMPLE_RATE
    print(
        f"{audio_s:.0f} s, {sum(len(one.characters) for one in recordings)} characters, blocks of {1000 * arguments.block:.0f} ms"
    )
    print(f"the whole hearing takes {whole_s / audio_s:.3f} of real time ({arguments.clock})")
    print("chunk  2nd  median    p90   without work    final  characters right  of real time  of the whole  stable that changed")
    first: float | None = None
    for chunk_s in arguments.chunk:
        for second_pass in (True, False):
            live, run = Live(chunk_s=chunk_s, second_pass=second_pass), Run()
            for one in recordings:
                listen(one, recogniser, live, run, clock=clock, block_s=arguments.block, beam=arguments.beam)
            p90 = show(run, live, whole_s)
            first = p90 if first is None else first
    sys.exit(first is None or first > arguments.limit_ms)


def said(sentence: str) -> Recording:
    """Let the built-in voice say a sentence, with silence around it."""
    speech = tingshuo.load("default").synthesize(sentence)
    wav = np.pad(resample(speech.wav, speech.sample_rate, SAMPLE_RATE), round(PAUSE_S * SAMPLE_RATE))
    noise = 1e-4 * np.random.default_rng(0).standard_normal(len(wav), np.float32)
    told = [(one.text, PAUSE_S + one.end_s) for word in speech.words for one in word.characters]
    return Recording(wav + noise, told)


def heard_file(path: Path, recogniser: Hears) -> Recording:
    """Read a file, and take the times of its characters from the whole hearing."""
    wav = np.concatenate(list(MonoBlocks(path, SAMPLE_RATE)))
    words = transcribe((wav, SAMPLE_RATE), recogniser, finish=None).words
    return Recording(wav, [(character, word.end_s) for word in words for character in word.text])


def hear_whole(recording: Recording, recogniser: Hears, clock: Callable[[], float], beam: int) -> float:
    """Return the seconds that it takes to hear a recording as a whole; the first time does not count."""
    took = 0.0
    for _ in range(2):
        began = clock()
        transcribe((recording.wav, SAMPLE_RATE), recogniser, beam=beam, finish=None)
        took = clock() - began
    return took


def listen(
    recording: Recording, recogniser: Hears, live: Live, run: Run, *, clock: Callable[[], float], block_s: float, beam: int
) -> None:
    """Listen to a recording as it is said, and note what was shown when."""
    session = LiveSession(recogniser, SAMPLE_RATE, Listening(beam=beam, finish=None), live)
    size, free_s = round(block_s * SAMPLE_RATE), 0.0
    blocks = [recording.wav[n : n + size] for n in range(0, len(recording.wav), size)]
    shown: list[tuple[float, float, Event]] = []  # when it was shown, when its sound was there, what
    for number, block in enumerate([*blocks, None]):
        there_s = min((number + 1) * size, len(recording.wav)) / SAMPLE_RATE
        began = clock()
        events = session.finish() if block is None else session.feed(block)
        took = clock() - began
        free_s = max(free_s, there_s) + took
        run.work_s += took
        shown += [(free_s, there_s, event) for event in events]
    run.audio_s += len(recording.wav) / SAMPLE_RATE
    note(recording, shown, run)


def note(recording: Recording, shown: list[tuple[float, float, Event]], run: Run) -> None:
    """Find out for each character that was said when it was shown first."""
    partials = [(at, there, event) for at, there, event in shown if isinstance(event, Partial)]
    finals = {event.utterance: at for at, _, event in shown if isinstance(event, Final)}
    last = {event.utterance: event.text for _, _, event in partials}
    heard = [(utterance, place) for utterance, text in last.items() for place in range(len(text))]
    i = j = 0
    ends: dict[int, float] = {}
    for reference, recognised in pair_up([text for text, _ in recording.characters], list("".join(last.values()))):
        if reference is not None and reference == recognised:
            (utterance, place), end_s = heard[j], recording.characters[i][1]
            at, there = next(
                (at, there)
                for at, there, event in partials
                if event.utterance == utterance and event.text[place : place + 1] == reference
            )
            run.delays.append(at - end_s)
            run.waits.append(there - end_s)
            ends[utterance] = end_s
        i += reference is not None
        j += recognised is not None
    written = "".join(event.segment.text for _, _, event in shown if isinstance(event, Final))
    run.right += sum(a == b for a, b in pair_up([text for text, _ in recording.characters], list(written)))
    run.final_delays += [finals[utterance] - end_s for utterance, end_s in ends.items()]
    for number, (_, _, event) in enumerate(partials):
        later = [other.text for _, _, other in partials[number + 1 :] if other.utterance == event.utterance]
        run.stable += event.stable
        run.broken += event.stable if any(not text.startswith(event.text[: event.stable]) for text in later) else 0


def show(run: Run, live: Live, whole_s: float) -> float:
    """Print a row, and return the 90th percentile in milliseconds."""
    if not run.delays:
        sys.exit("nothing that was said was heard")
    median, p90 = (1000 * float(np.percentile(run.delays, share)) for share in (50, 90))
    waits = [1000 * float(np.percentile(run.waits, share)) for share in (50, 90)]
    second, final_ms = "yes" if live.second_pass else "no", 1000 * float(np.median(run.final_delays))
    print(
        f"{live.chunk_s:5.2f}  {second:3s}  {median:3.0f} ms {p90:4.0f} ms  {waits[0]:4.0f} {waits[1]:4.0f} ms"
        f"  {final_ms:4.0f} ms  {len(run.delays):10d} {run.right:5d}  {run.work_s / run.audio_s:12.3f}"
        f"  {run.work_s / whole_s:12.2f}  {run.broken} of {run.stable}"
    )
    return p90


if __name__ == "__main__":
    main()
