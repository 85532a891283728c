"""Time the graphs of a voice: milliseconds for ten seconds of speech, float32 against int8, in one run, one thread.

    python benchmarks/graphs.py [BUNDLE] [--seconds 10] [--frames 512] [--rounds 15]

Both precisions take turns, so that other work on the machine slows both; the figures are the best of the rounds. "open" is
the time to open a session, the weights already mapped; the first of a process also starts the runtime, and is not counted.
"""

import argparse
import time
from pathlib import Path

import numpy as np

import tingshuo.voices
from tingshuo.engine.onnx import Session, open_graph
from tingshuo.store.bundle import open_bundle

FRAMES_PER_S = 24000 / 256
PHONEMES_PER_S = 9.5
"""Of the built-in voice at speed 1, pauses included."""
PRECISIONS = ("fp32", "int8")


def make_inputs(session: Session, frames: int, phonemes: int) -> dict[str, np.ndarray]:
    """Return inputs of a realistic size and range for a graph."""
    rng = np.random.default_rng(0)
    inputs: dict[str, np.ndarray] = {}
    for name, (dtype, shape) in session.spec.inputs.items():
        sizes = [{"F": frames, "N": phonemes}.get(size, size) for size in shape]
        inputs[name] = rng.integers(0, 3, sizes) if dtype == "int64" else rng.standard_normal(sizes, dtype=np.float32)
        if name == "unvoiced":
            inputs[name] = (inputs[name] > 1).astype(np.float32)
    if "mel" in inputs:
        inputs["f0"] = np.full((1, frames), 220, np.float32)
    return inputs


def time_ms(session: Session, inputs: dict[str, np.ndarray]) -> float:
    """Run once; return milliseconds."""
    start = time.perf_counter()
    session.run(inputs)
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="Time the graphs of a voice, float32 against int8.")
    parser.add_argument("bundle", nargs="?", type=Path, default=Path(tingshuo.voices.__file__).parent / "default")
    parser.add_argument("--seconds", type=float, default=10.0, help="of speech that the figures are for")
    parser.add_argument("--frames", type=int, default=512, help="of one run of a graph")
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    bundle = open_bundle(args.bundle)
    tensors = {name: bundle.tensors(name) for name in bundle.manifest.files if name.endswith(".safetensors")}
    runs = args.seconds * FRAMES_PER_S / args.frames
    total, opening = dict.fromkeys(PRECISIONS, 0.0), dict.fromkeys(PRECISIONS, 0.0)
    print(f"{'graph':10}{'fp32 ms':>10}{'int8 ms':>10}{'ratio':>8}{'fp32 open':>12}{'int8 open':>12}")
    open_graph(bundle.graph("pitch"), tensors["weights/acoustic.safetensors"])  # starts the runtime
    for name, entry in bundle.manifest.graphs.items():
        sessions, opened = {}, dict.fromkeys(PRECISIONS, np.inf)
        for variant in entry.variants:
            weights = {key: tensor for file in variant.weights for key, tensor in tensors[file].items()}
            for _ in range(3):
                start = time.perf_counter()
                sessions[variant.precision] = open_graph(bundle.path / variant.path, weights)
                opened[variant.precision] = min(opened[variant.precision], (time.perf_counter() - start) * 1e3)
        best = dict.fromkeys(sessions, np.inf)
        inputs = make_inputs(sessions["fp32"], args.frames, round(args.frames / FRAMES_PER_S * PHONEMES_PER_S))
        for _ in range(args.rounds):
            for precision, session in sessions.items():
                best[precision] = min(best[precision], time_ms(session, inputs) * runs)
        fp32, int8 = best["fp32"], best.get("int8", best["fp32"])
        total["fp32"], total["int8"] = total["fp32"] + fp32, total["int8"] + int8
        for precision in PRECISIONS:
            opening[precision] += opened[precision] if precision in sessions else opened["fp32"]
        print(f"{name:10}{fp32:10.1f}{int8:10.1f}{fp32 / int8:8.2f}{opened['fp32']:12.1f}{opened['int8']:12.1f}")
    rtf = {precision: total[precision] / 1e3 / args.seconds for precision in PRECISIONS}
    ratio = total["fp32"] / total["int8"]
    print(f"{'all':10}{total['fp32']:10.1f}{total['int8']:10.1f}{ratio:8.2f}{opening['fp32']:12.1f}{opening['int8']:12.1f}")
    print(f"RTF of the graphs: fp32 {rtf['fp32']:.4f}, int8 {rtf['int8']:.4f}")


if __name__ == "__main__":
    main()
