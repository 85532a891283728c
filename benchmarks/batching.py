"""What running the graphs of several requests at once would give: never more than this, in one run, one thread.

    python benchmarks/batching.py [BUNDLE] [--batches 2 4 8] [--rounds 9]

First a text is spoken, to see how the time divides among the graphs and how large their runs are. Then each graph runs on one
such piece and on the pieces of several requests together. Graphs with an axis of frames get the pieces one after the other in
time, which is the same arithmetic, without the padding that pieces of different lengths would need; graphs of one step get the
products of their weights with several rows at once. Both leave out what a batcher itself costs and the time that requests wait
for each other, so the last line, the gain of the whole synthesis, is a bound from above.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import tingshuo.voices
from tingshuo.engine.onnx import Session
from tingshuo.store.bundle import Bundle, open_bundle
from tingshuo.tasks.choice import choose
from tingshuo.tasks.tts import Voice

TEXT = "今天天气真好，我们一起去公园散步，晚上再回家吃饭。明天还要上班，早点休息，别忘了带上雨伞。"
PRODUCTS = ("MatMul", "Gemm")


class Watched:
    """A graph that remembers its runs: seconds of all, and the inputs of one of middling size."""

    def __init__(self, session: Session) -> None:
        self._session, self.spec = session, session.spec
        self.seconds, self.seen = 0.0, {}

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Run, and remember."""
        start = time.perf_counter()
        outputs = self._session.run(inputs)
        self.seconds += time.perf_counter() - start
        self.seen[sum(np.asarray(value).size for value in inputs.values())] = dict(inputs)
        return outputs

    @property
    def typical(self) -> dict[str, Any]:
        """Inputs of the run in the middle by size."""
        return self.seen[sorted(self.seen)[len(self.seen) // 2]]


def together(session: Session, inputs: dict[str, Any], count: int) -> dict[str, Any] | None:
    """Return inputs with ``count`` pieces one after the other, or None when no axis of the graph grows."""
    grown = {}
    for name, (_, shape) in session.spec.inputs.items():
        axes = [axis for axis, size in enumerate(shape) if isinstance(size, str)]
        grown[name] = np.concatenate([inputs[name]] * count, axes[0]) if axes else inputs[name]
    step = all("F" not in shape and "N" not in shape and "S" not in shape for _, shape in session.spec.inputs.values())
    return None if step else grown


def products_of(path: Path) -> onnxruntime.InferenceSession | None:
    """Return a graph that has the products of a graph's weights and nothing else, with rows for several requests."""
    model = onnx.load(path, load_external_data=False)
    sizes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    shapes = [sizes[name] for node in model.graph.node if node.op_type in PRODUCTS for name in node.input[1:2] if name in sizes]
    if not shapes:
        return None
    rng, nodes, weights = np.random.default_rng(0), [], []
    for n, shape in enumerate(shapes):
        weights.append(numpy_helper.from_array(rng.standard_normal(shape, np.float32), f"w{n}"))
        nodes.append(helper.make_node("MatMul", [f"x{shape[0]}", f"w{n}"], [f"y{n}"]))
        nodes.append(helper.make_node("ReduceMax", [f"y{n}"], [f"z{n}"], keepdims=0))
    nodes.append(helper.make_node("Sum", [f"z{n}" for n in range(len(shapes))], ["out"]))
    rows = [helper.make_tensor_value_info(f"x{k}", TensorProto.FLOAT, ["B", k]) for k in sorted({k for k, _ in shapes})]
    out = [helper.make_tensor_value_info("out", TensorProto.FLOAT, [])]
    made = helper.make_model(
        helper.make_graph(nodes, "products", rows, out, weights), opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])


def rows_for(products: onnxruntime.InferenceSession, count: int) -> dict[str, Any]:
    """Return rows of that many requests."""
    return {value.name: np.ones((count, value.shape[1]), np.float32) for value in products.get_inputs()}


def best_ms(runs: Mapping[int, Any], rounds: int) -> dict[int, float]:
    """Return milliseconds for each piece, by batch; the batches take turns."""
    best = dict.fromkeys(runs, np.inf)
    for _ in range(rounds):
        for count, run in runs.items():
            start = time.perf_counter()
            run()
            best[count] = min(best[count], (time.perf_counter() - start) * 1e3 / count)
    return best


def measure(name: str, graph: Watched, bundle: Bundle, batches: list[int], rounds: int) -> dict[int, float]:
    """Return the milliseconds of one piece of a graph by batch, 1 among them."""
    inputs = graph.typical
    if together(graph, inputs, 2) is not None:
        grown = {count: together(graph, inputs, count) for count in [1, *batches]}
        return best_ms({count: lambda x=x: graph._session.run(x) for count, x in grown.items()}, rounds)
    products = products_of(bundle.graph(name))
    if products is None:
        return best_ms({1: lambda: graph._session.run(inputs)}, rounds) | dict.fromkeys(batches, np.nan)
    rows = {count: rows_for(products, count) for count in [1, *batches]}
    return best_ms({count: lambda x=x: products.run(None, x) for count, x in rows.items()}, rounds * 20)


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description="What running the graphs of several requests at once would give.")
    parser.add_argument("bundle", nargs="?", type=Path, default=Path(tingshuo.voices.__file__).parent / "default")
    parser.add_argument("--batches", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    bundle = open_bundle(args.bundle)
    voice = Voice(bundle)
    voice.synthesize(TEXT)
    watched = {name: Watched(session) for name, session in voice.graphs.items()}
    voice.graphs.update(watched)  # type: ignore[arg-type]
    start = time.perf_counter()
    voice.synthesize(TEXT)
    whole = time.perf_counter() - start
    gains = dict.fromkeys(args.batches, 0.0)
    heads = "".join(f"{f'{count} together':>16}" for count in args.batches)
    print(f"{'graph':10}{'variant':10}{'share':>7}{'ms alone':>10}{heads}")
    for name, graph in watched.items():
        if not graph.seen:
            continue
        variant = choose(bundle.manifest, name, "auto", "auto")
        share = graph.seconds / whole
        ms = measure(name, graph, bundle, args.batches, args.rounds)
        cells = ""
        for count in args.batches:
            gain = ms[1] / ms[count] if ms[count] == ms[count] else 1.0
            gains[count] += share / max(gain, 1.0)
            cells += f"{ms[count]:>9.2f} {gain:>5.2f}x"
        print(f"{name:10}{variant.precision:10}{share:>7.1%}{ms[1]:>10.2f}{cells}")
    rest = 1 - sum(graph.seconds for graph in watched.values()) / whole
    bound = "".join(f"{1 / (gains[count] + rest):>15.2f}x" for count in args.batches)
    print(f"{'synthesis':20}{rest:>7.1%}{'outside':>10}{bound}")


if __name__ == "__main__":
    main()
