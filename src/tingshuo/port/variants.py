"""Every precision of a voice's graphs: exported, made fast, quantised on real sentences, and kept only when it passes."""

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from tingshuo.config import VoiceConfig
from tingshuo.engine.onnx import Session
from tingshuo.errors import VerifyError
from tingshuo.models.layers.graph import Graph
from tingshuo.port.calibration import Inputs, record_inputs
from tingshuo.port.export import export_graph, half_tensors
from tingshuo.port.nets import VoiceNets
from tingshuo.port.optimize import optimize
from tingshuo.port.quantize import observe, quantize
from tingshuo.port.reuse import KnownGraphs, fits
from tingshuo.port.verify import check, compare, golden_files, open_model, reference_outputs
from tingshuo.port.vocoders import vocoder_family
from tingshuo.port.voice import voice_graphs

Array = NDArray[Any]
_GOLDEN_FRAMES = 48


@dataclass(frozen=True, slots=True)
class Variants:
    """What `build_variants` made.

    ``models`` is precision to graph name to graph, ``errors`` precision to output to its worst error over the test sentences
    in dB, ``refused`` graph name to the reason why it has no int8 variant, ``golden`` files for the bundle, ``figures`` how
    far int8 moves what is heard.
    """

    models: dict[str, dict[str, onnx.ModelProto]]
    errors: dict[str, dict[str, float]]
    golden: dict[str, bytes]
    figures: dict[str, float]
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def measured(self) -> list[dict[str, Any]]:
        """What the manifest says was measured of the int8 variant, here, on one thread."""
        figures = {name: round(value, 5) for name, value in self.figures.items()}
        return [{"engine": "onnx", "precision": "int8", "machine": platform.machine(), "threads": 1, "figures": figures}]


def build_variants(
    config: VoiceConfig,
    nets: VoiceNets,
    calibration: Sequence[str],
    test: Sequence[str],
    golden: str,
    known: KnownGraphs | None = None,
) -> Variants:
    """Export, optimise, quantise and verify the four graphs.

    Parameters
    ----------
    config : VoiceConfig
        Of the voice.
    nets : VoiceNets
        Float32; the reference of every error.
    calibration, test : Sequence[str]
        Texts that choose the int8 scales, and others that judge them.
    golden : str
        Text whose inputs and outputs become golden vectors.
    known : KnownGraphs or None
        Float32 graphs of another voice, see `tingshuo.port.reuse`; those that fit are taken instead of exported ones.

    Raises
    ------
    VerifyError
        A float32 graph differs from its net.
    """
    graphs = voice_graphs(nets)
    tensors = half_tensors(nets.acoustic) | half_tensors(nets.vocoder)
    models: dict[str, dict[str, onnx.ModelProto]] = {
        "fp32": {name: _graph(graph, tensors, (known or {}).get(name)) for name, graph in graphs.items()},
        "int8": {},
    }
    sessions = {name: open_model(model, tensors) for name, model in models["fp32"].items()}
    seen = record_inputs(sessions, config, tensors, calibration)
    tests = record_inputs(sessions, config, tensors, test)
    errors: dict[str, dict[str, float]] = {"fp32": {}, "int8": {}}
    refused: dict[str, str] = {}
    figures: dict[str, float] = {}
    for name, graph in graphs.items():
        expected = [reference_outputs(graph, inputs) for inputs in tests[name]]
        errors["fp32"] |= _worst(sessions[name], tests[name], expected)
        if name == "vocoder" and not vocoder_family(nets.vocoder).int8:
            refused[name] = f"int8 makes nothing of {vocoder_family(nets.vocoder).name} faster: it has no matrix products"
            continue
        fast = models["fp32"][name]
        small = quantize(fast, tensors, observe(fast, tensors, seen[name]))
        session = open_model(small, tensors)
        found = _worst(session, tests[name], expected)
        try:
            check(found, "int8")
        except VerifyError as error:
            refused[name] = str(error)
            continue
        models["int8"][name] = small
        errors["int8"] |= found
        figures |= _figures(name, config, session, tests[name], expected)
    check(errors["fp32"], "fp32")
    vectors = _golden(graphs, record_inputs(sessions, config, tensors, [golden]))
    return Variants(models, errors, golden_files(vectors), figures, refused)


def _graph(graph: Graph, tensors: Mapping[str, Array], known: onnx.ModelProto | None) -> onnx.ModelProto:
    """Return the float32 graph of a net: one that is known already if it fits."""
    if known is not None and fits(known, graph, tensors):
        return known
    return optimize(export_graph(graph))


def _worst(session: Session, inputs: Sequence[Inputs], expected: Sequence[dict[str, Array]]) -> dict[str, float]:
    errors = [compare(session, given, wanted) for given, wanted in zip(inputs, expected, strict=True)]
    return {name: max(error[name] for error in errors) for name in errors[0]}


def _figures(
    name: str, config: VoiceConfig, session: Session, inputs: Sequence[Inputs], expected: Sequence[dict[str, Array]]
) -> dict[str, float]:
    """How far a graph moves durations, F0 or mel, over all test sentences together."""
    pairs = [(session.run(given), wanted) for given, wanted in zip(inputs, expected, strict=True)]
    if name == "encoder":
        frames = [[np.maximum(np.rint(np.exp(side["log_duration"])), 1) for side in pair] for pair in pairs]
        return {"durations_changed": float(np.mean(np.concatenate([(a != b)[0] for a, b in frames])))}
    if name == "pitch":
        cents = config.speakers[0].log_f0_std * 1200 / math.log(2)
        voiced = [(ours["pitch"][0], theirs["pitch"][0], theirs["pitch"][0, :, 1] <= 0) for ours, theirs in pairs]
        errors = np.concatenate([(a[v, 0] - b[v, 0]) * cents for a, b, v in voiced])
        flips = np.concatenate([(a[:, 1] > 0) != (b[:, 1] > 0) for a, b, _ in voiced])
        return {"f0_rmse_cents": float(np.sqrt(np.mean(errors**2))), "voicing_changed": float(flips.mean())}
    if name == "decoder":
        return {"mel_l1_nepers": float(np.mean([np.abs(a["mel"] - b["mel"]).mean() for a, b in pairs]))}
    level = next(output for output in ("gain", "log_magnitude") if output in pairs[0][1])
    return {"gain_l1_nepers": float(np.mean([np.abs(a[level] - b[level]).mean() for a, b in pairs]))}


def _golden(
    graphs: Mapping[str, Graph], seen: Mapping[str, Sequence[Inputs]]
) -> dict[str, tuple[dict[str, Array], dict[str, Array]]]:
    """Inputs and expected outputs of each graph, cut to a few frames so that a bundle stays small."""
    golden = {}
    for name, graph in graphs.items():
        inputs = dict(seen[name][0])
        for key, axes in graph.free.items():
            for axis in axes:
                inputs[key] = np.ascontiguousarray(np.take(inputs[key], range(_short(inputs[key].shape[axis])), axis))
        golden[name] = (inputs, reference_outputs(graph, inputs))
    return golden


def _short(size: int) -> int:
    return min(size, _GOLDEN_FRAMES)
