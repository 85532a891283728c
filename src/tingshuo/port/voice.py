"""A text-to-speech bundle from nets: tensors once, one graph file per network and precision, manifest, cards, golden vectors."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import onnx
from safetensors.numpy import save

from tingshuo.config import VoiceConfig
from tingshuo.models.source_filter.config import SourceFilterConfig
from tingshuo.port.export import half_tensors

if TYPE_CHECKING:
    from tingshuo.models.fastspeech.config import FastSpeechConfig
    from tingshuo.models.layers.graph import Graph
    from tingshuo.port.nets import VoiceNets
    from tingshuo.port.vocoders import VocoderConfig

ACOUSTIC_WEIGHTS = "weights/acoustic.safetensors"
VOCODER_WEIGHTS = "weights/vocoder.safetensors"
ENGINE = "onnx"


def voice_graphs(nets: "VoiceNets") -> "dict[str, Graph]":
    """Return the four graphs of a voice by name."""
    from tingshuo.models.fastspeech import graphs as fastspeech
    from tingshuo.port.vocoders import vocoder_family

    every = (*fastspeech.graphs(nets.acoustic), *vocoder_family(nets.vocoder).graphs(nets.vocoder))
    return {graph.name: graph for graph in every}


def contexts(acoustic: "FastSpeechConfig", vocoder: "VocoderConfig") -> dict[str, Any]:
    """Return the fields of a `VoiceConfig` that say how the graphs are driven: frames of context, and what the source does."""
    from tingshuo.models.fastspeech import graphs as fastspeech
    from tingshuo.port.vocoders import vocoder_family

    return {
        "pitch_context_frames": fastspeech.pitch_context_frames(acoustic),
        "decoder_context_frames": fastspeech.decoder_context_frames(acoustic),
        "vocoder_context_frames": vocoder_family(vocoder).context_frames(vocoder),
        "steady_noise": isinstance(vocoder, SourceFilterConfig) and bool(vocoder.steady_noise),
    }


def voice_files(config: VoiceConfig, nets: "VoiceNets", models: Mapping[str, Mapping[str, onnx.ModelProto]]) -> dict[str, bytes]:
    """Return config, weights and graphs as files of a bundle.

    Parameters
    ----------
    config : VoiceConfig
        Becomes ``config.json``.
    nets : VoiceNets
        Their parameters become the tensor files, half precision.
    models : Mapping
        Precision to graph name to graph.
    """
    text = json.dumps(config.fields(), ensure_ascii=False, indent=1)
    files = {
        "config.json": text.encode() + b"\n",
        ACOUSTIC_WEIGHTS: save(half_tensors(nets.acoustic)),
        VOCODER_WEIGHTS: save(half_tensors(nets.vocoder)),
    }
    for precision, graphs in models.items():
        for name, model in graphs.items():
            files[graph_path(name, precision)] = model.SerializeToString(deterministic=True)
    return files


def graph_path(name: str, precision: str) -> str:
    """Return where in a bundle a graph lies."""
    return f"graphs/{ENGINE}/{precision}/{name}.onnx"


def weights_of(graph: str) -> str:
    """Return the file of a voice that the tensors of a graph lie in."""
    return VOCODER_WEIGHTS if graph == "vocoder" else ACOUSTIC_WEIGHTS


def graph_entries(
    models: Mapping[str, Mapping[str, onnx.ModelProto]], weights: Callable[[str], str] = weights_of
) -> dict[str, Any]:
    """Return the ``graphs`` field of a manifest.

    Parameters
    ----------
    models : Mapping
        Precision to graph name to graph, as for `voice_files`.
    weights : Callable
        Graph name to the file of its tensors.
    """
    names = list(next(iter(models.values())))
    entries = {}
    for name in names:
        model = next(graphs[name] for graphs in models.values())
        entries[name] = {
            "inputs": _specs(model.graph.input),
            "outputs": _specs(model.graph.output),
            "variants": [
                {"engine": ENGINE, "precision": precision, "path": graph_path(name, precision), "weights": [weights(name)]}
                for precision, graphs in models.items()
                if name in graphs
            ],
        }
    return entries


def _specs(values: Sequence[onnx.ValueInfoProto]) -> dict[str, dict[str, Any]]:
    specs = {}
    for value in values:
        tensor = value.type.tensor_type
        shape = [dim.dim_param or dim.dim_value for dim in tensor.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
        specs[value.name] = {"dtype": dtype, "shape": shape}
    return specs
