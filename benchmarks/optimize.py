"""How much faster does optimising make a net, against its plain graph and against PyTorch? One run, random weights.

    python benchmarks/optimize.py [--only hifigan sambert emotivoice] [--frames 60] [--rounds 5]

Runners take turns on one thread and the processor's own time counts, so only ratios mean something. HiFi-GAN V1 is measured in
float32 and in int8 with the error of its samples; Sambert and EmotiVoice in float32 alone, which is exact to rounding: the
acoustic model, the vocoder, and both together.
"""

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tingshuo.models.emotivoice import graphs as emotivoice
from tingshuo.models.emotivoice.config import EmotiVoiceConfig
from tingshuo.models.emotivoice.net import EmotiVoice
from tingshuo.models.hifigan import graphs as hifigan
from tingshuo.models.hifigan.config import HiFiGanConfig
from tingshuo.models.hifigan.net import HiFiGan
from tingshuo.models.kan_hifigan import graphs as kan_hifigan
from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig
from tingshuo.models.kan_hifigan.net import KanHiFiGan
from tingshuo.models.layers.graph import Graph
from tingshuo.models.sambert import graphs as sambert
from tingshuo.models.sambert.config import SambertConfig
from tingshuo.models.sambert.net import Sambert
from tingshuo.port.export import export_graph
from tingshuo.port.passes.passes import load_pass
from tingshuo.port.passes.subject import NotApplicableError, Subject
from tingshuo.port.races import clock_for, race
from tingshuo.port.verify import reference_outputs
from tingshuo.tasks.golden import error_db
from tingshuo.tasks.sambert import loop
from tingshuo.types import Runs

Array = NDArray[Any]
Sessions = Mapping[str, Runs]
Net = TypeVar("Net", bound=nn.Module)
EXACT = ("repeats", "wide", "gemm", "step")
ATTENTION = ("repeats", "wide", "gemm", "attention")
VOCODER = ("repeats", "tiles", "wide")


class Eager:
    """A graph's module in PyTorch, called as a graph is."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run it."""
        return reference_outputs(self.graph, inputs)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=list(FIGURES), choices=list(FIGURES))
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for name in given.only:
        FIGURES[name](given.frames, given.rounds)


def steadied(net: Net, gain: float = 0.7) -> Net:
    """Give the weights of a vocoder a size that neither loses nor blows up what goes through."""
    for name, weight in net.named_parameters():
        if weight.dim() == 3:
            fan = weight[0].numel() if "up" not in name else weight.shape[0] * 2
            nn.init.normal_(weight, std=gain / fan**0.5)
    net.eval()
    return net


def subjects(net: nn.Module, graphs: tuple[Graph, ...]) -> dict[str, Subject]:
    """Return the plain graphs of a net, float32."""
    tensors = {name: tensor.detach().numpy() for name, tensor in net.state_dict().items()}
    return {graph.name: Subject(graph.name, export_graph(graph, half=False), tensors) for graph in graphs}


def passed(subject: Subject, names: tuple[str, ...]) -> Subject:
    """Apply those passes that a graph has something for."""
    for name in names:
        try:
            subject = load_pass(name)(subject)
        except NotApplicableError:
            continue
    return subject


def show(what: str, runners: Mapping[str, Callable[[], object]], rounds: int, error: float) -> None:
    """Race against PyTorch and print the ratios."""
    found = race(runners, clock_for(1), rounds)
    told = ", ".join(f"{name} {row.ms:.0f} ms {row.ratio:.2f}x" for name, row in found.items())
    print(f"{what:26} {told}; error {error:.0f} dB", flush=True)


def hifigan_v1(frames: int, rounds: int) -> None:
    """Its graph as exported, in pictures, in int8, against eager and compiled PyTorch."""
    net = steadied(HiFiGan(HiFiGanConfig(mels=80)))
    graph = hifigan.graphs(net)[0]
    rng = np.random.default_rng(0)
    calls = [{"mel": (rng.standard_normal((1, 80, frames)) * 1.5 - 4).astype(np.float32)} for _ in range(3)]
    exported = subjects(net, (graph,))["vocoder"]
    base = exported.changed(exported.model, calibration=calls[1:])
    wanted = reference_outputs(graph, calls[0])["wav"]
    runs: dict[str, Runs] = {"PyTorch": Eager(graph), "plain graph": base.open()}
    for name in ("wide", "tiles", "int8-static", "int8-static-all", "int8-dynamic-conv"):
        runs[name] = load_pass(name)(base).open()
    try:
        compiled: Any = torch.compile(net, dynamic=True)
        with torch.inference_mode():
            compiled(torch.from_numpy(calls[0]["mel"]))
        runs["compiled"] = Eager(Graph("vocoder", compiled, graph.inputs, graph.free, graph.outputs))
    except Exception as reason:  # whatever a compiler that is missing or old says
        print(f"torch.compile: not measured: {str(reason).splitlines()[0][:100]}")
    for name, one in runs.items():
        error = error_db(one.run(calls[0])["wav"], wanted)
        if name != "PyTorch":
            pair = {"PyTorch": runs["PyTorch"], "plain graph": runs["plain graph"], name: one}
            show(f"HiFi-GAN V1, {name}", {key: _call(value, calls[0]) for key, value in pair.items()}, rounds, error)


def _call(session: Runs, inputs: Mapping[str, Array]) -> Callable[[], object]:
    return lambda: session.run(inputs)


def sambert_exact(frames: int, rounds: int) -> None:
    """The same loop with PyTorch, with the plain graphs and with faster ones."""
    config = SambertConfig(tables=(147, 10, 8, 8), emotions=36, speakers=4)
    net, vocoder = Sambert(config).eval(), steadied(KanHiFiGan(KanHiFiGanConfig(upsample_rates=(10, 5, 2, 2))))
    sizes = config.sizes
    n, steps = 20, frames // config.frames_per_step
    rng = np.random.default_rng(0)
    ids = np.stack([rng.integers(0, size, n) for size in config.tables], 1)[None]
    inputs = {"ids": ids, **{k: rng.standard_normal((1, n, 32), np.float32) * 0.3 for k in ("emotion", "speaker")}}
    text = rng.standard_normal((steps, config.memory_dim), np.float32) * 0.3
    plan = loop.Plan(text, np.full(n, 3), 4, np.zeros(n), np.zeros(n))

    def acoustic(graphs: Sessions) -> Array:
        loop.predict_durations(graphs["duration"], sizes, graphs["encoder"].run(inputs)["symbols"][0])
        return np.concatenate(list(loop.finish(graphs, sizes, loop.decode(graphs, sizes, plan), steps * 3)))

    every = (*sambert.graphs(net), *kan_hifigan.graphs(vocoder))
    plain = subjects(net, sambert.graphs(net)) | subjects(vocoder, kan_hifigan.graphs(vocoder))
    three("Sambert", every, plain, EXACT, acoustic, rounds)


def emotivoice_exact(frames: int, rounds: int) -> None:
    """The same with EmotiVoice; its prompt is given, as it is for a resident character."""
    net, vocoder = EmotiVoice(EmotiVoiceConfig(tokens=500, speakers=10)).eval(), steadied(HiFiGan(HiFiGanConfig(mels=80)))
    rng = np.random.default_rng(0)
    n = 20
    inputs: dict[str, Array] = {
        "token_ids": rng.integers(1, 500, (1, n)),
        "speaker": rng.standard_normal((1, 384), np.float32),
        **{name: rng.standard_normal((1, 768), np.float32) * 0.3 for name in ("style", "content")},
    }
    weights = np.zeros((1, frames, n), np.float32)
    weights[0, np.arange(frames), np.arange(frames) * n // frames] = 1

    def acoustic(graphs: Sessions) -> Array:
        made = graphs["encoder"].run(inputs)
        spread = {name: made[name] for name in ("hidden", "pitch", "energy")}
        latent: Array = graphs["decoder"].run({**spread, "weights": weights})["latent"][0].T
        return latent

    every = (*emotivoice.graphs(net), *hifigan.graphs(vocoder))
    plain = subjects(net, emotivoice.graphs(net)) | subjects(vocoder, hifigan.graphs(vocoder))
    three("EmotiVoice", every, plain, ATTENTION, acoustic, rounds)


def three(
    what: str, graphs: tuple[Graph, ...], plain: Mapping[str, Subject], names: tuple[str, ...],
    acoustic: Callable[[Sessions], Array], rounds: int,
) -> None:  # fmt: skip
    """Show the acoustic model, the vocoder, and both together."""
    kinds: dict[str, Sessions] = {
        "PyTorch": {graph.name: Eager(graph) for graph in graphs},
        "plain graphs": {name: one.open() for name, one in plain.items()},
        "optimised": {name: passed(one, VOCODER if name == "vocoder" else names).open() for name, one in plain.items()},
    }
    mel = {"mel": np.ascontiguousarray(acoustic(kinds["PyTorch"]).T[None])}

    def voice(sessions: Sessions) -> Array:
        made = acoustic(sessions)
        return sessions["vocoder"].run({"mel": np.ascontiguousarray(made.T[None])})["wav"]

    wanted = voice(kinds["PyTorch"])
    error = error_db(voice(kinds["optimised"]), wanted)
    parts: dict[str, Callable[[Sessions], object]] = {
        "acoustic": acoustic,
        "vocoder": lambda sessions: sessions["vocoder"].run(mel),
        "both": voice,
    }
    for part, run in parts.items():
        show(f"{what}, {part}", {kind: partial(run, sessions) for kind, sessions in kinds.items()}, rounds, error)


FIGURES: dict[str, Callable[[int, int], None]] = {
    "hifigan": hifigan_v1, "sambert": sambert_exact, "emotivoice": emotivoice_exact,
}  # fmt: skip

if __name__ == "__main__":
    main()
