"""What each vocoder family costs to run and to train; training beside a reference recipe in the same run.

    OMP_NUM_THREADS=1 python benchmarks/vocoders.py [--recipe FOLDER] [--as-written] [--seconds 120] [--nets ...]

First table: parameters, multiply-accumulates per second of audio, context in frames, and the real-time factor of the network's
float32 graph on one thread, in seconds of the processor, the fastest of several calls on two seconds of audio.

Second table: steps per second of one core in adversarial training, 8 segments of 44 frames, with random weights and made-up
recordings (the arithmetic does not depend on them). With ``--recipe``, a folder with the reference's ``train_vocoder.py``, its
loop runs unchanged on the same recordings, in float32 unless ``--as-written``, and takes turns with ours step by step. Time is
the processor's, mean of all steps; judge the ratios of one run, not the numbers.
"""

import argparse
import contextlib
import importlib
import io
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, cycle
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
from tingshuo.port.verify import open_model
from tingshuo.port.vocoders import Vocoder, vocoder_family
from tingshuo.train.generator import build_generator
from tingshuo.train.loop_config import LoopConfig
from tingshuo.train.vocoder import VocoderRecipe
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
            start = time.process_time()
            session.run(inputs)
            times.append(time.process_time() - start)
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


class Turns(io.TextIOBase):
    """Takes what a loop prints, a line a step; times its steps, and after each of them lets others take one."""

    def __init__(self, others: dict[str, Callable[[], object]]) -> None:
        self.others = others
        self.times: dict[str, list[float]] = {name: [] for name in ("the loop", *others)}
        self.since: float | None = None

    def write(self, text: str) -> int:
        """Note the time of a step, then give the others their turns."""
        if "\n" in text:
            if self.since is not None:
                self.times["the loop"].append(time.process_time() - self.since)
            self.others_step()
            self.since = time.process_time()
        return len(text)

    def others_step(self) -> None:
        """Let each of the others take a step."""
        for name, step in self.others.items():
            start = time.process_time()
            step()
            self.times[name].append(time.process_time() - start)


def run_reference(recipe: Path, work: Path, seconds: float, turns: Turns, *, as_written: bool) -> None:
    """Run the reference's loop for some seconds."""
    sys.path.insert(0, str(recipe))
    module = importlib.import_module("train_vocoder")
    sys.path.pop(0)
    arguments = SimpleNamespace(
        work=str(work),
        out=str(work),
        seconds=seconds,
        threads=1,
        batch=8,
        warm_up=0,
        resume=None,
        acoustic=None,
        rate=4e-4,
        log=1,
    )
    autocast = torch.autocast
    if not as_written:
        torch.autocast = lambda device, **_: autocast(device, enabled=False)
    try:
        with contextlib.redirect_stdout(turns):
            module.main(arguments)
    finally:
        torch.autocast = autocast


def stepper(family: str, sizes: dict[str, object], features: Features) -> Callable[[], object]:
    """Return what takes one step of our training at every call."""
    given = {key: value for key, value in sizes.items() if key != "mels"}
    config = VocoderConfig(family=family, sizes=given, warm_up=0, critics_alone=0)
    generator = build_generator(config, features.config.mel)
    recipe = VocoderRecipe(generator, features, config, LoopConfig(rate=4e-4, precision="fp32"))
    numbers, batches = count(), cycle(recipe.batches(0))
    return lambda: recipe.step(next(batches), next(numbers))


def print_training(recipe: Path | None, seconds: float, wanted: list[str], as_written: bool) -> None:
    """Print the second table."""
    features = our_features()
    kinds = {
        "source_filter": ("source_filter", {}),
        "vocos small": ("vocos", SMALL.fields()),
        "hifigan light": ("hifigan", PRESETS["light"].fields()),
    }
    ours = {name: stepper(*kind, features) for name, kind in kinds.items() if not wanted or name in wanted}
    for step in ours.values():
        step()
    turns = Turns(ours)
    if recipe is None:
        stop = time.perf_counter() + seconds
        while time.perf_counter() < stop:
            turns.others_step()
    else:
        with TemporaryDirectory() as folder:
            write_work(Path(folder))
            run_reference(recipe, Path(folder), seconds, turns, as_written=as_written)
    times = {name: seen for name, seen in turns.times.items() if seen}
    if not times:
        raise SystemExit(f"not one step in {seconds} s; give more --seconds")
    base = statistics.mean(next(iter(times.values())))
    print("\ntraining            steps/s   steps   against the first")
    for name, seen in times.items():
        label = name if name in ours else "reference as written" if as_written else "reference"
        print(f"{label:20s} {1 / statistics.mean(seen):6.3f} {len(seen):7d} {base / statistics.mean(seen):10.2f}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipe", type=Path)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--nets", nargs="*", default=[])
    parser.add_argument("--as-written", action="store_true", help="let the reference use bfloat16, as it does by itself")
    parser.add_argument("--only", choices=("costs", "training"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.only != "training":
        print_costs(arguments.nets)
    if arguments.only != "costs":
        print_training(arguments.recipe, arguments.seconds, arguments.nets, arguments.as_written)


if __name__ == "__main__":
    main()
