"""How fast and how exact is each engine? Graphs of the built-in voice and a HiFi-GAN V1 with random weights, one thread, one run.

    python benchmarks/engines.py [--frames 200] [--rounds 15]

Engines take turns, so what else the machine does hits all alike. Times are medians, ratios those to ONNX Runtime in float32. The
error is the energy of the difference to it over its own, worst output.
"""

import argparse
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tingshuo.engine.engines import ENGINES
from tingshuo.errors import EngineNotInstalledError, RequestError
from tingshuo.models.hifigan.config import HiFiGanConfig
from tingshuo.models.hifigan.graphs import graphs
from tingshuo.models.hifigan.net import HiFiGan
from tingshuo.port.export import export_graph, half_tensors
from tingshuo.port.optimize import optimize
from tingshuo.store.bundle import open_bundle
from tingshuo.tasks.golden import error_db
from tingshuo.tasks.voices import find_voice

Array = NDArray[Any]
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "onnx fp32": ("onnx", {}),
    "openvino f32": ("openvino", {"precision": "f32"}),
    "openvino bf16": ("openvino", {"precision": "bf16"}),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    bundle = open_bundle(find_voice("default"))
    for name, entry in bundle.manifest.graphs.items():
        variant = bundle.manifest.variant(name, "fp32", "onnx")
        tensors = {k: v for file in variant.weights for k, v in bundle.tensors(file).items()}
        shapes = {key: (value.dtype, value.shape) for key, value in entry.inputs.items()}
        compare(name, bundle.path / variant.path, tensors, random_inputs(shapes, given.frames), given.rounds)
    torch.manual_seed(0)
    net = HiFiGan(HiFiGanConfig(mels=80)).eval()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "hifigan.onnx"
        path.write_bytes(optimize(export_graph(graphs(net)[0])).SerializeToString())
        inputs = random_inputs({"mel": ("float32", (1, 80, "F"))}, given.frames)
        compare("hifigan v1", path, half_tensors(net), inputs, given.rounds)


def random_inputs(shapes: dict[str, tuple[str, tuple[int | str, ...]]], frames: int) -> dict[str, Array]:
    """Values of a plausible size, of the same seed each time."""
    rng = np.random.default_rng(0)
    made: dict[str, Array] = {}
    for name, (dtype, free) in shapes.items():
        shape = [frames if isinstance(size, str) else size for size in free]
        if dtype == "int64":
            made[name] = rng.integers(0, 3, shape)
        else:
            made[name] = np.full(shape, 210, np.float32) if name == "f0" else rng.standard_normal(shape, dtype=np.float32)
    return made


def compare(name: str, path: Path, tensors: dict[str, Array], inputs: dict[str, Array], rounds: int) -> None:
    """Print a row for each engine that is here."""
    sessions: dict[str, Any] = {}
    for kind, (engine, options) in KINDS.items():
        try:
            sessions[kind] = ENGINES.load(engine)(path, tensors, threads=1, **options)
        except (EngineNotInstalledError, RequestError) as error:
            print(f"{name:12} {kind:14} {error}")
    expected = sessions["onnx fp32"].run(inputs)
    times: dict[str, list[float]] = {kind: [] for kind in sessions}
    for _ in range(rounds):
        for kind, session in sessions.items():
            start = time.perf_counter()
            session.run(inputs)
            times[kind].append(time.perf_counter() - start)
    base = statistics.median(times["onnx fp32"])
    for kind, session in sessions.items():
        found = session.run(inputs)
        error = max(error_db(found[key], expected[key]) for key in expected)
        median = statistics.median(times[kind])
        print(f"{name:12} {kind:14} {median * 1e3:8.1f} ms  {base / median:5.2f}x  error {error:7.1f} dB")


if __name__ == "__main__":
    main()
