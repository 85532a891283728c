"""What each vocoder family costs to run.

    OMP_NUM_THREADS=1 python benchmarks/vocoders.py [--nets ...]

Parameters, multiply-accumulates per second of audio, context in frames, and the real-time factor of the network's float32 graph
on one thread, in seconds of the processor, the fastest of several calls on two seconds of audio. What training them costs is in
`benchmarks/training.py`.
"""

import argparse
import time
from collections.abc import Iterator

import numpy as np
import torch

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
    """Print the table."""
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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nets", nargs="*", default=[])
    torch.set_num_threads(1)
    print_costs(parser.parse_args().nets)


if __name__ == "__main__":
    main()
