"""The voice that a light vocoder learns from: what its vocoder reads and answers, and what of it may be replaced.

Voices of every family have a graph ``vocoder``; all else of them stays as it is. The frames of an imported voice stand for the
samples from ``k * hop_length`` to the next frame's, those of our own are centred at ``k * hop_length``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tingshuo.config import FamilyConfig, FrameConfig, MelConfig, Size, VoiceConfig
from tingshuo.config.emotivoice import EmotiVoiceBundleConfig
from tingshuo.config.sambert import SambertBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.errors import BundleError, PortError
from tingshuo.models.layers.cost import count_macs, count_parameters
from tingshuo.models.layers.graph import Graph
from tingshuo.models.vocos.config import VocosConfig
from tingshuo.models.vocos.graphs import vocoder_context_frames
from tingshuo.port.families import build_nets, sizes
from tingshuo.port.voice import voice_graphs
from tingshuo.store.bundle import Bundle
from tingshuo.tasks.performance import MODELS, Model
from tingshuo.tasks.tts import TASK
from tingshuo.train.publish import read_nets

Array = NDArray[Any]
GRAPH, STUDENT = "vocoder", "vocos"
TABLES = "weights/acoustic.safetensors"
Settings = VoiceConfig | SambertBundleConfig | EmotiVoiceBundleConfig
"""Of the voices that can be given another vocoder."""


def check_teacher(bundle: Bundle) -> Settings:
    """Refuse what has no vocoder that could be learnt from, and return its settings.

    Raises
    ------
    BundleError
        It is encrypted.
    PortError
        It does not speak, or its family makes samples without a vocoder of its own.
    """
    manifest = bundle.manifest
    if manifest.sealed is not None:
        raise BundleError(f"{bundle.path}: is encrypted, so its graphs cannot be changed; `tingshuo unseal` first")
    if manifest.task != TASK:
        raise PortError(
            f"{bundle.path}: is not a voice that speaks, its task is {manifest.task}; name a voice, whose speech will teach "
            "the light vocoder"
        )
    settings = bundle.settings
    if GRAPH not in manifest.graphs or not isinstance(settings, Settings):
        raise PortError(f"{bundle.path}: a voice of the family {settings.family} has no vocoder apart that could be replaced")
    return settings


def frames_of(settings: Settings) -> FrameConfig:
    """Return how a voice cuts audio into frames."""
    if isinstance(settings, VoiceConfig):
        return FrameConfig(settings.mel.sample_rate, settings.mel.hop_length)
    return settings.frames


def columns_of(settings: Settings, vocoder: Session) -> int:
    """Return how many numbers of a frame a student reads: those of the teacher, and F0 and voicing that a source was told."""
    if isinstance(settings, SambertBundleConfig):
        return settings.sizes.mels
    bands = vocoder.spec.inputs["mel"][1][1]
    assert isinstance(bands, int)
    return bands


def light_settings(settings: Settings, student: VocosConfig) -> Settings:
    """Return the config of a voice with a light vocoder: other sizes, another context, no source."""
    acoustic, _, old = settings.family.partition("+")
    kept: dict[str, Size] = {key: size for key, size in settings.architecture.items() if not key.startswith(f"{old}.")}
    changes = {"family": f"{acoustic}+{STUDENT}", "architecture": kept | sizes(STUDENT, student)}
    context = vocoder_context_frames(student)
    if isinstance(settings, SambertBundleConfig):
        return settings.replace(**changes, vocoder_context_frames=(context, context), harmonics=0)
    return settings.replace(**changes, vocoder_context_frames=context)


def drive(name: str, settings: FamilyConfig, graphs: Mapping[str, Any], tables: Mapping[str, Array]) -> Model:
    """Return the model of a voice with graphs of any kind."""
    model: Model = MODELS.load(settings.family.partition("+")[0])(name, settings, graphs, {TABLES: tables})
    return model


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a vocoder: parameters, and multiply-accumulates per second of audio."""

    parameters: int
    macs_per_s: float


def teacher_cost(bundle: Bundle, settings: Settings) -> Cost:
    """Return what the vocoder of a voice costs; its net is built without numbers where it can be.

    Raises
    ------
    PortError
        It cannot be rebuilt.
    """
    if isinstance(settings, VoiceConfig):
        return cost(voice_graphs(read_nets(bundle))[GRAPH], frames_of(settings))
    return cost(next(graph for graph in _graphs(settings) if graph.name == GRAPH), frames_of(settings))


def cost(graph: Graph, frames: FrameConfig) -> Cost:
    """Count the parameters and multiplications of a vocoder's graph."""
    n_frames = max(1, round(frames.sample_rate / frames.hop_length))
    device = next(graph.module.parameters()).device
    inputs = []
    for name, example in graph.inputs.items():
        shape = [n_frames if axis in graph.free.get(name, {}) else size for axis, size in enumerate(example.shape)]
        inputs.append(torch.zeros(shape, dtype=example.dtype, device=device))
    seconds = n_frames * frames.hop_length / frames.sample_rate
    return Cost(count_parameters(graph.module), count_macs(graph.module, *inputs) / seconds)


def _graphs(settings: FamilyConfig) -> Iterator[Graph]:
    architecture: Mapping[str, Size] = getattr(settings, "architecture", {})
    for built in build_nets(architecture):
        if built.part == GRAPH:
            yield from built.graphs


def log_mel_distance(mine: NDArray[np.float32], theirs: NDArray[np.float32], mel: MelConfig) -> NDArray[np.float64]:
    """Return the mean absolute difference of log-mels of each frame in which the other one sounds, (F,).

    Parameters
    ----------
    mine, theirs : ndarray
        (T,) samples that lie side by side.
    mel : MelConfig
        Bands and frames.
    """
    from tingshuo.audio.mel import QUIET, log_mel

    ours, wanted = (np.maximum(log_mel(wav, mel), np.float32(QUIET)) for wav in (mine, theirs))
    sounding = wanted.max(0) > QUIET + SOUNDING
    distance: NDArray[np.float64] = np.abs(ours - wanted).mean(0)[sounding].astype(np.float64)
    return distance


SOUNDING = 2.0
"""Nepers above it that the loudest band of a frame has in which somebody speaks."""
