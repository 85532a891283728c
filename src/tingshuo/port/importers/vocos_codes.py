"""A Vocos that reads codes of EnCodec, in the layout of its author: config.yaml and a flat file of tensors.

::

    decoder = read_code_vocos(Path("vocos-encodec-24khz"))
    net = decoder.net()

The vectors of the codes lie in the file, the codec itself does not: a training's checkpoint has it too, and there it is left out,
as nothing here makes codes. Source: https://github.com/gemelo-ai/vocos (MIT), ``feature_extractors.py``, ``models.py``.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch

from tingshuo.config.codec import BandwidthConfig
from tingshuo.errors import PortError
from tingshuo.models.vocos.codes import CodeVocos
from tingshuo.models.vocos.config import CodeVocosConfig
from tingshuo.port.filling import filled
from tingshuo.port.importers.keys import Fitted, fold_weight_norm, rename, shapes_of
from tingshuo.port.importers.states import State, numbers_of, open_state
from tingshuo.port.importers.vocos import check_head, check_window, fit_vocos, name_of, outside_of, prefix_of
from tingshuo.port.importers.vocos_files import Arguments, CodeArguments, VocosFiles, find_vocos, read_arguments

CODEBOOKS = "feature_extractor.codebook_weights"
CODEC = "feature_extractor.encodec."
"""Begins the names of the codec's own tensors."""
WINDOW = "head.istft.window"


class Codec(NamedTuple):
    """What is known of a codec: its rate, its hop, and the codes of a codebook."""

    sample_rate: int
    hop_length: int
    codes: int


CODECS = {"encodec_24khz": Codec(24000, 320, 1024)}
"""Source: A. Defossez et al. 2022, "High Fidelity Neural Audio Compression", section 3. The one at 48 kHz is not among them: its
codes are of stereo, cut into seconds and levelled, and no Vocos of them has been published."""


@dataclass(frozen=True, slots=True)
class ForeignCodeVocos:
    """A Vocos of codes that has been read."""

    name: str
    config: CodeVocosConfig
    codec: str
    sample_rate: int
    bandwidths: tuple[BandwidthConfig, ...]
    fitted: Fitted
    checkpoint: Path

    def net(self) -> CodeVocos:
        """Return the net with these weights, in evaluation mode."""
        return filled(CodeVocos(self.config), self.fitted.tensors)


def reads_codes(path: Path) -> bool:
    """Whether the vocoder at a path reads codes; errors are those of `find_vocos` and `read_arguments`."""
    return isinstance(read_arguments(find_vocos(path).config).features, CodeArguments)


def read_code_vocos(path: Path) -> ForeignCodeVocos:
    """Read a vocoder of codes.

    Parameters
    ----------
    path : Path
        A file of weights, or the folder in which it lies with its config.yaml.

    Raises
    ------
    PortError
        A file is missing or another one, of a kind that is not supported, or settings and tensors do not fit each other.
    """
    files = find_vocos(path)
    arguments = read_arguments(files.config)
    told = arguments.features
    if not isinstance(told, CodeArguments):
        raise PortError(f"{files.config}: is of a Vocos that reads mels, and one that reads codes is wanted")
    codec = _codec(files, told)
    bandwidths = _bandwidths(files, told, codec)
    with open_state(files.weights) as state:
        prefix = prefix_of(state)
        config = _sizes(files, arguments, codec, bandwidths, state, prefix)
        check_window(files, state, f"{prefix}{WINDOW}")
        below = state.below(prefix)
        own = {name: tensor for name, tensor in below.items() if not name.startswith(CODEC)}
        tensors = rename(fold_weight_norm(own, numbers_of), [(CODEBOOKS.replace(".", r"\."), "codebooks.weight")])
    theirs = tuple(name for name in below if name.startswith(CODEC))
    with torch.device("meta"):
        shapes = shapes_of(CodeVocos(config).state_dict())
    fitted = fit_vocos(files, tensors, shapes, (WINDOW,), (*outside_of(state, prefix), *theirs))
    return ForeignCodeVocos(name_of(files), config, told.encodec_model, codec.sample_rate, bandwidths, fitted, files.weights)


def _codec(files: VocosFiles, told: CodeArguments) -> Codec:
    if told.encodec_model not in CODECS:
        raise PortError(
            f"{files.config}: a Vocos of the codes of {told.encodec_model} is not supported; those of {', '.join(CODECS)} are"
        )
    return CODECS[told.encodec_model]


def _bandwidths(files: VocosFiles, told: CodeArguments, codec: Codec) -> tuple[BandwidthConfig, ...]:
    """Return how many codes a frame has at each rate: a code is so many bits, and there are so many frames a second."""
    bits_a_second = math.log2(codec.codes) * codec.sample_rate / codec.hop_length
    counts = [math.floor(1000 * kbps / bits_a_second) for kbps in told.bandwidths]
    if not counts or min(counts) < 1 or len(set(counts)) != len(counts):
        rates = ", ".join(f"{kbps:g}" for kbps in told.bandwidths)
        raise PortError(f"{files.config}: bandwidths [{rates}] are not those of {told.encodec_model}")
    return tuple(BandwidthConfig(float(kbps), count) for kbps, count in zip(told.bandwidths, counts, strict=True))


def _sizes(
    files: VocosFiles, arguments: Arguments, codec: Codec, bandwidths: tuple[BandwidthConfig, ...], state: State, prefix: str
) -> CodeVocosConfig:
    backbone, head = arguments.backbone, arguments.head
    codebooks, name = max(one.codebooks for one in bandwidths), f"{prefix}{CODEBOOKS}"
    check_head(files, arguments)
    if head.padding != "same" or head.hop_length != codec.hop_length:
        raise PortError(f"{files.config}: codes are frames of {codec.hop_length} samples, padding same, and the head's are not")
    if backbone.adanorm_num_embeddings != len(bandwidths):
        rows = backbone.adanorm_num_embeddings
        raise PortError(f"{files.config}: there are {len(bandwidths)} bandwidths, and adanorm_num_embeddings is {rows}")
    if state.shape(name) != (codebooks * codec.codes, backbone.input_channels):
        found = list(state.shape(name)) or "not there"
        raise PortError(
            f"{files.weights}: {CODEBOOKS} is to be {[codebooks * codec.codes, backbone.input_channels]}, it is {found}; is "
            f"{files.config} the one that it was trained with?"
        )
    return CodeVocosConfig(
        codebooks=codebooks,
        codebook_size=codec.codes,
        code_dim=backbone.input_channels,
        bandwidths=len(bandwidths),
        n_fft=head.n_fft,
        hop_length=head.hop_length,
        dim=backbone.dim,
        hidden=backbone.intermediate_dim,
        layers=backbone.num_layers,
    )
