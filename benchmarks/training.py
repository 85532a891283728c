"""Steps per second of acoustic and vocoder training, beside a reference recipe in the same run; memory over 500 steps.

    OMP_NUM_THREADS=1 python benchmarks/training.py --recipe FOLDER [--only acoustic|vocoder|memory] [--steps 12] [--as-written]

With ``--recipe``, a folder with the reference's ``train_acoustic.py`` and ``train_vocoder.py``, its loops run unchanged on
made-up recordings (the arithmetic does not depend on them), in float32 unless ``--as-written``, and take turns with ours step by
step. Nets have the reference's sizes, acoustic batches are the very clips that the reference has just seen, vocoder batches are 8
segments of 44 frames with critics at work. Time is the processor's, one thread; judge the ratios of one run, not the numbers.

Memory is what the process holds after each hundred of 500 steps of a small acoustic training and of a small vocoder training.
"""

import argparse
import contextlib
import gc
import importlib
import io
import itertools
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch

from tingshuo.data.features import Clip, FeatureConfig, Features, pitch_of
from tingshuo.models.fastspeech.config import FastSpeechConfig
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.models.hifigan.config import PRESETS
from tingshuo.models.vocos.config import SMALL
from tingshuo.text.symbols import PHONES, PhoneSequence
from tingshuo.train.acoustic import AcousticRecipe
from tingshuo.train.config import read_config
from tingshuo.train.examples import Example, Tables
from tingshuo.train.generator import build_generator
from tingshuo.train.vocoder import VocoderRecipe
from tingshuo.train.vocoder_config import VocoderConfig

HOP, RATE = 256, 24000
CLIPS, SYLLABLES, FRAMES_OF_PHONE = 160, (4, 24), (3, 14)
BATCH_FRAMES = 3000
WORDS = ("jin1 tian1", "gong1 yuan2", "hen3", "hao3 ting1", "shuo1 hua4", "xue2 sheng5", "lao3 shi1", "wo3", "ni3 men5", "chun1")
SPEAKERS = ("tan", "S0252")
VOCODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "source_filter": ("source_filter", {}),
    "vocos small": ("vocos", SMALL.fields()),
    "hifigan light": ("hifigan", PRESETS["light"].fields()),
}
SMALL_NET = {"dim": 32, "heads": 2, "encoder_layers": 1, "encoder_hidden": 32, "duration_layers": 1, "pitch_hidden": 16,
             "pitch_layers": 1, "decoder_dim": 32, "decoder_hidden": 64, "decoder_layers": 2}  # fmt: skip


class EnoughError(Exception):
    """The reference's loop has taken its steps."""


class Turns:
    """Times the steps of a loop, and after each of them lets others take one."""

    def __init__(self, others: dict[str, Callable[[], object]], steps: int) -> None:
        self.others, self.steps = others, steps
        self.times: dict[str, list[float]] = {name: [] for name in ("reference", *others)}
        self.since: float | None = None

    def reached(self) -> None:
        """Note that the loop has ended a step; ends it after the last."""
        if self.since is not None:
            self.times["reference"].append(time.process_time() - self.since)
        for name, step in self.others.items():
            start = time.process_time()
            step()
            self.times[name].append(time.process_time() - start)
        if len(self.times["reference"]) >= self.steps:
            raise EnoughError
        self.since = time.process_time()

    def print(self, title: str) -> None:
        """Print a table; the first round warms up and does not count."""
        times = {name: seen[1:] for name, seen in self.times.items() if len(seen) > 1}
        base = next(iter(times.values()))
        print(f"\n{title:20s} steps/s   steps   speed against {next(iter(times))}: of the medians, of the means")
        for name, seen in times.items():
            ratios = statistics.median(base) / statistics.median(seen), statistics.mean(base) / statistics.mean(seen)
            print(f"{name:20s} {1 / statistics.median(seen):7.3f} {len(seen):7d}   {ratios[0]:.2f}  {ratios[1]:.2f}", flush=True)


def write_work(folder: Path) -> None:
    """Write recordings as the reference reads them: samples, F0, words, durations."""
    rng = np.random.default_rng(0)
    clips, durations, start = [], [], 0
    sys.modules.pop("phones", None)
    encode = importlib.import_module("phones").encode
    for number in range(CLIPS):
        words = [WORDS[int(i)].split() for i in rng.integers(len(WORDS), size=rng.integers(*SYLLABLES))]
        frames = rng.integers(*FRAMES_OF_PHONE, size=len(encode(words)[0]))
        size = int(frames.sum()) * HOP
        clip = {"speaker": SPEAKERS[number % 2], "set": "cmn_words", "split": "dev" if number < 4 else "train", "wide": True}
        clips.append({**clip, "n": size, "start": start, "number": number})
        durations.append({"words": words, "durations": frames.tolist()})
        start += size
    (folder / "clips.json").write_text(json.dumps(clips))
    (folder / "durations.json").write_text(json.dumps(durations))
    np.save(folder / "wav.npy", (3000 * rng.standard_normal(start)).clip(-32767, 32767).astype(np.int16))
    f0 = rng.uniform(150, 260, start // HOP + CLIPS) * (rng.random(start // HOP + CLIPS) < 0.7)
    np.save(folder / "f0.npy", f0.astype(np.float32))


def our_corpus(corpus: Any, wav: np.ndarray, f0: np.ndarray) -> tuple[Features, list[Example]]:
    """Return the reference's corpus as our recipes read it."""
    examples = []
    for clip in corpus.clips:
        ids, tones, positions = (np.array(part, np.int64) for part in clip["phones"])
        silent = np.full(len(ids), -1, np.int64)
        phones = PhoneSequence(ids, tones, positions, silent, silent, np.zeros(len(ids), np.int64))
        who, split, count = clip["speaker"], clip["split"], clip["frames"]
        ours = Clip(f"c{clip['number']}", who, who, "neutral", split, clip["start"], clip["n"], clip["f0_start"], count, RATE / 2)
        examples.append(Example(ours, phones, np.array(clip["durations"], np.int64)))
    clips = tuple(example.clip for example in examples)
    return Features(Path("features-0"), FeatureConfig(), wav, f0, clips, (), pitch_of(clips, f0)), examples


def acoustic(features: Features, examples: list[Example], precision: str, **sizes: int) -> AcousticRecipe:
    """Return our acoustic training, of the reference's sizes unless others are given."""
    config = read_config("tiny", settings=[f"loop.precision={precision}", "loop.batch_frames=200"])
    shape = FastSpeechConfig(phonemes=len(PHONES), styles=2, speakers=2, **sizes)
    rows = {name: row for row, name in enumerate(SPEAKERS)}
    return AcousticRecipe(FastSpeech(shape), features, examples, Tables(rows, rows, {"neutral": 0}, features.pitch), config)


def vocoder(features: Features, kind: str, precision: str, **settings: Any) -> VocoderRecipe:
    """Return our training of a vocoder with critics at work."""
    family, sizes = VOCODERS[kind]
    sizes = {key: value for key, value in sizes.items() if key != "mels"}
    config = VocoderConfig(family=family, sizes=sizes, warm_up=0, critics_alone=0, **settings)
    loop = read_config("tiny", settings=[f"loop.precision={precision}", "loop.rate=4e-4"]).loop
    return VocoderRecipe(build_generator(config, features.config.mel), features, config, loop)


def in_turns(recipe: Any) -> Callable[[], object]:
    """Return what takes the next step of a training at every call."""
    numbers = itertools.count()
    batches = itertools.chain.from_iterable(recipe.batches(epoch) for epoch in itertools.count())
    return lambda: recipe.step(next(batches), next(numbers))


def compare_acoustic(work: Path, steps: int, precision: str) -> None:
    """Let the reference train an acoustic model, and ours after each of its steps on the same clips."""
    module = importlib.import_module("train_acoustic")
    features, examples = our_corpus(module.Corpus(str(work)), np.load(work / "wav.npy"), np.load(work / "f0.npy"))
    recipe = acoustic(features, examples, precision)
    row = {example.clip.id: row for row, example in enumerate(recipe.train)}
    numbers = itertools.count()
    seen: list[dict[str, Any]] = []
    turns = Turns({"ours": lambda: recipe.step(np.array([row[f"c{clip['number']}"] for clip in seen]), next(numbers))}, steps)
    batches = module.Corpus.batches

    def one_by_one(*arguments: Any) -> Iterator[list[dict[str, Any]]]:
        for batch in batches(*arguments):
            if seen:
                turns.reached()
            seen[:] = batch
            turns.since = time.process_time()
            yield batch

    module.Corpus.batches = one_by_one
    settings = {"frames": BATCH_FRAMES, "resume": None, "rate": 1e-3, "log": 10**9}
    run_reference(module, work, settings, precision, io.StringIO())
    turns.print("acoustic model")


class Lines(io.TextIOBase):
    """Takes what a loop prints, a line a step."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns

    def write(self, text: str) -> int:
        """Note the end of a step."""
        if "\n" in text:
            self.turns.reached()
        return len(text)


def compare_vocoder(work: Path, steps: int, precision: str, wanted: list[str]) -> None:
    """Let the reference train its vocoder, and ours after each of its steps."""
    module = importlib.import_module("train_vocoder")
    features, _ = our_corpus(module.Corpus(str(work)), np.load(work / "wav.npy"), np.load(work / "f0.npy"))
    turns = Turns({kind: in_turns(vocoder(features, kind, precision)) for kind in VOCODERS if kind in wanted}, steps)
    module.SHARE = dict.fromkeys(SPEAKERS, 0.5)
    settings = {"batch": 8, "warm_up": 0, "resume": None, "acoustic": None, "rate": 4e-4, "log": 1}
    run_reference(module, work, settings, precision, Lines(turns))
    turns.print("vocoder")


def run_reference(module: ModuleType, work: Path, settings: dict[str, Any], precision: str, out: Any) -> None:
    """Run a loop of the reference until it has been told that it is enough."""
    arguments = SimpleNamespace(work=str(work), out=str(work), seconds=1e6, threads=1, **settings)
    autocast = torch.autocast
    if precision == "fp32":
        torch.autocast = lambda device, **_: autocast(device, enabled=False)  # type: ignore[misc, assignment]
    try:
        with contextlib.redirect_stdout(out), contextlib.suppress(EnoughError):
            module.main(arguments)
    finally:
        torch.autocast = autocast  # type: ignore[misc]


def held_mb() -> float:
    """Return what the process holds in memory of its own, MB: mapped recordings can be read again and are not counted."""
    with open("/proc/self/statm", encoding="ascii") as file:
        resident, shared = map(int, file.read().split()[1:3])
    return (resident - shared) * resource.getpagesize() / 1e6


def print_memory(work: Path) -> None:
    """Print what the process holds after every hundred steps of small nets, and the ratio of the last to the first."""
    corpus = importlib.import_module("corpus").Corpus(str(work))
    features, examples = our_corpus(corpus, np.load(work / "wav.npy"), np.load(work / "f0.npy"))
    recipes = {
        "acoustic model": acoustic(features, examples, "fp32", **SMALL_NET),
        "vocoder": vocoder(features, "source_filter", "fp32", batch=2, frames=16, periods=1, resolutions=1),
    }
    print("\nmemory, MB           after 100   200   300   400   500 steps   ratio")
    for name, recipe in recipes.items():
        step, held = in_turns(recipe), []
        for number in range(1, 501):
            step()
            if number % 100 == 0:
                gc.collect()
                held.append(held_mb())
        print(f"{name:24s}" + "".join(f"{size:6.0f}" for size in held) + f"{held[-1] / held[0]:14.3f}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipe", type=Path, required=True, help="folder with the reference recipe")
    parser.add_argument("--only", choices=("acoustic", "vocoder", "memory"))
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--nets", nargs="*", default=["source_filter"], choices=list(VOCODERS))
    parser.add_argument("--as-written", action="store_true", help="bfloat16, as the reference computes by itself, for both")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sys.path.insert(0, str(arguments.recipe))
    precision = "bf16" if arguments.as_written else "fp32"
    with TemporaryDirectory() as folder:
        work = Path(folder)
        write_work(work)
        if arguments.only in (None, "acoustic"):
            compare_acoustic(work, arguments.steps, precision)
        if arguments.only in (None, "vocoder"):
            compare_vocoder(work, arguments.steps, precision, arguments.nets)
        if arguments.only in (None, "memory"):
            print_memory(work)


if __name__ == "__main__":
    main()
