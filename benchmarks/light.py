"""What a light vocoder makes of imported voices: eager PyTorch, our exact graphs, these with a light vocoder, and optimised.

    OMP_NUM_THREADS=1 python benchmarks/light.py sambert=BUNDLE emotivoice=BUNDLE [--size small] [--repeats 5] [--speed 1]

All of them speak the same sentence on one thread and take turns, so that what else the machine does meets all of them; figures
are medians of seconds of the processor over seconds of audio, and ratios of them. Eager PyTorch is the imported net, net by net,
with the loop between them that the runtime has, and the vocoder on the whole sentence at once, as the original has it. The light
vocoder has random weights here: it is as fast as one that was taught. ``optimised`` has the light vocoder, and of every other
graph the fastest that `tingshuo optimize` makes without calibration and that passes the gate of its outputs; what sentences sound
like can only be judged with trained weights. Last is the time to the first sound of a resident voice, whose speaker and emotion
have been heard before.
"""

import argparse
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from tingshuo.models.layers.graph import Graph
from tingshuo.models.vocos.net import Vocos
from tingshuo.port.bundling import Listener
from tingshuo.port.families import build_nets, fill, has_architecture
from tingshuo.port.optimizing import subject_of
from tingshuo.port.trials import Contest, improve, variants
from tingshuo.port.verify import reference_outputs
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.tasks import vocoder
from tingshuo.tasks.performance import Model
from tingshuo.tasks.stopwatch import Stopwatch
from tingshuo.tasks.tts import Voice
from tingshuo.text.frontend import Frontend
from tingshuo.train.light_config import LightConfig, student_sizes
from tingshuo.train.light_publish import export_student
from tingshuo.train.light_teacher import (
    GRAPH,
    TABLES,
    Settings,
    check_teacher,
    columns_of,
    cost,
    drive,
    frames_of,
    light_settings,
    teacher_cost,
)
from tingshuo.types import GraphSpec, Runs, SpeechRequest

TEXT = "今天天气真好，我们一起去公园散步吧，然后去吃好吃的。"
FIRST_SOUND_RUNS = 7
EXACT, FEWER_BITS = ("repeats", "wide", "gemm", "attention", "step"), ("int8-blocks",)
"""Passes that are tried."""


class Eager:
    """A net that is run by PyTorch, as a session."""

    def __init__(self, graph: Graph, spec: GraphSpec) -> None:
        self.graph, self.spec = graph, spec

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run it."""
        return reference_outputs(self.graph, inputs)


def optimised(bundle: Bundle, name: str, graphs: Mapping[str, Any], settings: Settings) -> dict[str, Runs]:
    """Return the graphs of an acoustic model as fast as they become, told one by one."""
    listeners: dict[str, Any] = {key: Listener(session) for key, session in graphs.items()}
    speak(drive(name, settings, listeners, bundle.tensors(TABLES)), 1.0)
    found: dict[str, Runs] = dict(graphs)
    for graph, listener in listeners.items():
        if graph == GRAPH or not listener.calls:
            continue
        contest = Contest(subject_of(bundle, graph, "fp32"), listener.calls, lambda *_: "")
        exact, trial = improve(contest, EXACT)
        ratio = (trial.ratio if trial else None) or 1.0
        rows = [*variants(contest, FEWER_BITS, exact, ratio).values(), *([(exact, trial)] if exact and trial else [])]
        if rows:
            best, kept = max(rows, key=lambda row: row[1].ratio or 0)
            found[graph] = best.open()
            print(f"{name:12s}{graph:10s}{' '.join(kept.passes):32s}{kept.ratio:5.2f} times as fast", flush=True)
    return found


def models(bundle: Bundle, size: str) -> dict[str, Model]:
    """Return the voice four times: eager, with exact graphs, with a light vocoder, with that and all else optimised."""
    settings, name = check_teacher(bundle), bundle.manifest.name
    graphs, tables = Voice(bundle, precision="fp32", engine="onnx").graphs, bundle.tensors(TABLES)
    eager: dict[str, Any] = {}
    for built in build_nets(has_architecture(settings)):
        filled = fill(built, bundle.tensors(f"weights/{built.part}.safetensors"))
        eager |= {graph.name: Eager(graph, graphs[graph.name].spec) for graph in filled.graphs}
    torch.manual_seed(0)
    sizes = student_sizes(LightConfig(size=size), columns_of(settings, graphs[GRAPH]), frames_of(settings).hop_length)
    student = export_student(Vocos(sizes))
    old, new = teacher_cost(bundle, settings), cost(student.graph, frames_of(settings))
    print(f"{name}: vocoder {old.macs_per_s / 1e9:.2f} -> {new.macs_per_s / 1e9:.3f} G multiplications per second of speech, "
          f"{old.parameters / 1e6:.2f} -> {new.parameters / 1e6:.2f} M parameters", flush=True)  # fmt: skip
    light = {**graphs, GRAPH: student.session}
    faster = optimised(bundle, name, graphs, settings)
    return {
        "eager": drive(name, settings, eager, tables),
        "exact": drive(name, settings, graphs, tables),
        "light": drive(name, light_settings(settings, sizes), light, tables),
        "optimised": drive(name, light_settings(settings, sizes), {**faster, GRAPH: student.session}, tables),
    }


def speak(model: Model, speed: float, first: bool = False) -> tuple[float, float, float]:
    """Say the sentence; returns seconds of work, of audio, and on the clock to the first sound."""
    sentence = next(Frontend(english=model.english).sentences(TEXT))
    work, begun = time.process_time(), time.perf_counter()
    parts = model.prepare(SpeechRequest(text=TEXT, speed=speed)).perform(sentence, 0 if first else 1, Stopwatch()).samples()
    samples = len(next(parts))
    heard = time.perf_counter() - begun
    if not first:
        samples += sum(map(len, parts))
    return time.process_time() - work, samples, heard


def compare(name: str, path: Path, size: str, repeats: int, speed: float) -> None:
    """Print the table of a voice."""
    bundle = open_bundle(path)
    rate = bundle.manifest.sample_rate
    sides = models(bundle, size)
    took: dict[str, list[float]] = {side: [] for side in sides}
    for turn in range(repeats + 1):
        for side, model in sides.items():
            seconds, samples, _ = speak(model, speed)
            if turn:
                took[side].append(seconds * rate / samples)
    medians = {side: statistics.median(runs) for side, runs in took.items()}
    for side, rtf in medians.items():
        ratio = statistics.median(a / b for a, b in zip(took["eager"], took[side], strict=True))
        print(f"{name:12s}{side:10s}rtf {rtf:.4f}   {ratio:5.2f} times as fast as eager PyTorch", flush=True)
    for side in ("exact", "light", "optimised"):
        firsts = sorted(speak(sides[side], speed, first=True)[2] for _ in range(FIRST_SOUND_RUNS))
        print(
            f"{name:12s}{side:10s}first sound, warm: {1000 * firsts[len(firsts) // 2]:.0f} ms, fastest {1000 * firsts[0]:.0f} ms",
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("voices", nargs="+", help="NAME=BUNDLE")
    parser.add_argument("--size", default="small")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--speed", type=float, default=1.0, help="of speech: a voice with made-up weights may gabble")
    given = parser.parse_args()
    torch.set_num_threads(1)
    vocoder.LONGEST_CHUNK_FRAMES = max(vocoder.LONGEST_CHUNK_FRAMES, 4096)  # a whole sentence at once
    for voice in given.voices:
        name, _, path = voice.partition("=")
        compare(name, Path(path), given.size, given.repeats, given.speed)


if __name__ == "__main__":
    main()
