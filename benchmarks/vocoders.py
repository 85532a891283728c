"""What each vocoder family costs to run and to train; training beside a reference recipe in the same run.

    OMP_NUM_THREADS=1 python benchmarks/vocoders.py [--recipe FOLDER] [--seconds 20] [--rounds 2] [--nets ...]

First table: parameters, multiply-accumulates per second of audio, context in frames, and the real-time factor of the network's
float32 graph on one thread, the fastest of several calls on two seconds, so that other work on the machine counts little.

Second table: steps per second of one core in adversarial training, 8 segments of 44 frames, median over alternating rounds, with
random weights and made-up recordings (the arithmetic does not depend on them). With ``--recipe``, a folder with the reference's
``train_vocoder.py``, its loop is run unchanged between ours on the same recordings: once as written (bfloat16 by autocast), once
in float32. Time is the processor's, which other work on the machine hardly moves; judge the ratios of one run, not the numbers.
"""

import argparse
import contextlib
import importlib
import io
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
import torch

from tingshuo.data.features import Clip, FeatureConfig, Features, SpeakerPitch
from tingshuo.models.hifigan.config import PRESETS
from tingshuo.models.hifigan.net import HiFiGan
from tingshuo.models.layers.cost import count_macs, count_parameters
from tingshuo.models.source_filter.config import SourceFilterConfig
from tingshuo.models.source_filter.net import SourceFilter
from tingshuo.models.vocos.config import SMALL, VocosConfig
from tingshuo.models.vocos.net import Vocos
from tingshuo.port.export import export_graph, half_tensors
from tingshuo.port.optimize import optimize
from tingshuo.port.variants import open_model
from tingshuo.port.vocoders import Vocoder, vocoder_family
from tingshuo.train.config import LoopConfig
from tingshuo.train.vocoder import VocoderRecipe, build_generator
from tingshuo.train.vocoder_config import VocoderConfig

CLIPS, CLIP_FRAMES = 40, 200
FRAMES = 188
HOP, RATE = 256, 24000


def nets() -> Iterator[tuple[str, Vocoder]]:
    """Yield every family and size by name."""
    yield "source_filter", SourceFilter(SourceFilterConfig())
    yield "vocos", Vocos(VocosConfig())
    yield "vocos small", Vocos(SMALL)
    for name, config in PRESETS.items():
        yield f"hifigan {name}", HiFiGan(config)


def print_costs(wanted: list[str]) -> None:
    """Print the first table."""
    print("net               parameters   GMAC/s  context   rtf of its float32 graph")
    for name, net in nets():
        if wanted and name not in wanted:
            continue
        family = vocoder_family(net)
        (graph,) = family.graphs(net.eval())
        seconds = FRAMES * HOP / RATE
        shapes = {
            key: [FRAMES if axis in graph.free[key] else n for axis, n in enumerate(x.shape)] for key, x in graph.inputs.items()
        }
        inputs = {key: np.full(shape, 200 if key == "f0" else -4, np.float32) for key, shape in shapes.items()}
        macs = count_macs(net, *(torch.from_numpy(value) for value in inputs.values())) / seconds
        session = open_model(optimize(export_graph(graph)), half_tensors(net))
        times = []
        for _ in range(5):
            start = time.perf_counter()
            session.run(inputs)
            times.append(time.perf_counter() - start)
        context = family.context_frames(net.config)
        print(
            f"{name:16s} {count_parameters(net) / 1e6:9.2f} M {macs / 1e9:8.2f} {context:8d} {min(times) / seconds:10.4f}",
            flush=True,
        )


def recordings() -> tuple[np.ndarray, np.ndarray]:
    """Return samples (T,) int16 and F0 (F,) of clips one after the other."""
    rng = np.random.default_rng(0)
    wav = (3000 * rng.standard_normal(CLIPS * CLIP_FRAMES * HOP)).clip(-32767, 32767).astype(np.int16)
    return wav, np.full(CLIPS * (CLIP_FRAMES + 1), 220, np.float32)


def our_features() -> Features:
    """Return the recordings as our recipe reads them."""
    wav, f0 = recordings()
    size, frames = CLIP_FRAMES * HOP, CLIP_FRAMES
    clips = tuple(
        Clip(f"c{i}", "tan", "tan", "neutral", "train", i * size, size, i * (frames + 1), frames, RATE / 2) for i in range(CLIPS)
    )
    return Features(Path("features-0"), FeatureConfig(), wav, f0, clips, (), {"tan": SpeakerPitch(5.4, 0.2)})


def write_work(folder: Path) -> None:
    """Write the recordings as the reference recipe reads them."""
    wav, f0 = recordings()
    np.save(folder / "wav.npy", wav)
    np.save(folder / "f0.npy", f0)
    size = CLIP_FRAMES * HOP
    clip = {"speaker": "tan", "set": "cmn_words", "split": "train", "wide": True, "n": size}
    (folder / "clips.json").write_text(json.dumps([{**clip, "start": i * size} for i in range(CLIPS)]))
    (folder / "durations.json").write_text(json.dumps([None] * CLIPS))


class Ticks(io.TextIOBase):
    """Notes when a line is printed."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def write(self, text: str) -> int:
        """Note the time of every line."""
        if "\n" in text:
            self.times.append(time.process_time())
        return len(text)


def recipe_steps(recipe: Path, work: Path, seconds: float, *, as_written: bool) -> list[float]:
    """Run the reference's loop for some seconds and return the seconds of each step."""
    sys.path.insert(0, str(recipe))
    module = importlib.import_module("train_vocoder")
    sys.path.pop(0)
    arguments = SimpleNamespace(work=str(work), out=str(work), seconds=seconds, threads=1, batch=8, warm_up=0, resume=None,
                                acoustic=None, rate=4e-4, log=1)  # fmt: skip
    ticks, autocast = Ticks(), torch.autocast
    if not as_written:
        torch.autocast = lambda device, **_: autocast(device, enabled=False)
    try:
        with contextlib.redirect_stdout(ticks):
            module.main(arguments)
    finally:
        torch.autocast = autocast
    return list(np.diff(ticks.times)[1:])


def our_steps(recipe: VocoderRecipe, seconds: float) -> list[float]:
    """Train for some seconds and return the seconds of each step."""
    batches = recipe.batches(0) * 50
    times, stop = [], time.perf_counter() + seconds
    recipe.step(batches[0], 0)
    for step, batch in enumerate(batches, 1):
        start = time.process_time()
        recipe.step(batch, step)
        times.append(time.process_time() - start)
        if time.perf_counter() > stop:
            break
    return times


def print_training(recipe: Path | None, seconds: float, rounds: int, wanted: list[str], precisions: dict[str, bool]) -> None:
    """Print the second table."""
    features = our_features()
    sizes = {"vocos small": {key: value for key, value in SMALL.fields().items() if key != "mels"}}
    ours = {}
    for name, family in (("source_filter", "source_filter"), ("vocos small", "vocos"), ("hifigan light", "hifigan")):
        if wanted and name not in wanted:
            continue
        light = {key: value for key, value in PRESETS["light"].fields().items() if key != "mels"}
        config = VocoderConfig(family=family, sizes=sizes.get(name, light if family == "hifigan" else {}), warm_up=0)
        ours[name] = VocoderRecipe(build_generator(config, 100), features, config, LoopConfig(rate=4e-4, precision="fp32"))
    times: dict[str, list[float]] = {}
    with TemporaryDirectory() as folder:
        write_work(Path(folder))
        for _ in range(rounds):
            if recipe is not None:
                for name, as_written in precisions.items():
                    times.setdefault(name, []).extend(recipe_steps(recipe, Path(folder), seconds, as_written=as_written))
            for name, ready in ours.items():
                times.setdefault(name, []).extend(our_steps(ready, seconds))
    base = statistics.median(next(iter(times.values())) or [1.0])
    print("\ntraining                 steps/s   steps   against the first")
    for name, seen in times.items():
        if not seen:
            raise SystemExit(f"{name}: not one step in {seconds} s; give more --seconds")
        typical = statistics.median(seen)
        print(f"{name:24s} {1 / typical:7.3f} {len(seen):7d} {base / typical:10.2f}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipe", type=Path)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--nets", nargs="*", default=[])
    parser.add_argument("--skip-as-written", action="store_true", help="where bfloat16 is very slow")
    parser.add_argument("--only", choices=("costs", "training"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.only != "training":
        print_costs(arguments.nets)
    precisions = {"reference, float32": False}
    if not arguments.skip_as_written:
        precisions["reference, as written"] = True
    if arguments.only != "costs":
        print_training(arguments.recipe, arguments.seconds, arguments.rounds, arguments.nets, precisions)


if __name__ == "__main__":
    main()
