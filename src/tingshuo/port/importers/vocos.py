"""Vocos in the layout of its author: config.yaml and a flat file of tensors.

::

    vocoder = read_vocos(Path("vocos-mel-24khz"))
    net = vocoder.net()

The file holds the filters with which its mels were computed: they decide on the convention, and config.yaml has to agree with
them. Source: https://github.com/gemelo-ai/vocos (MIT), ``feature_extractors.py``, ``models.py``, ``heads.py``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tingshuo.audio.mel import mel_filterbank
from tingshuo.config import MelConfig
from tingshuo.errors import PortError
from tingshuo.models.vocos.config import VocosConfig
from tingshuo.models.vocos.net import Vocos
from tingshuo.port.filling import filled
from tingshuo.port.importers.keys import Fitted, KeyReport, fit, shapes_of
from tingshuo.port.importers.states import State, numbers_of, open_state
from tingshuo.port.importers.vocos_files import Arguments, FeatureArguments, VocosFiles, find_vocos, read_arguments

MARK = "backbone.embed.weight"
FILTERS = "feature_extractor.mel_spec.mel_scale.fb"
WINDOWS = ("feature_extractor.mel_spec.spectrogram.window", "head.istft.window")
FLOOR = 1e-7
"""Of the logarithm: ``safe_log`` in ``modules.py``."""
_TOLERANCE = 1e-4
"""Of filters and windows, relative to the largest value: torchaudio computes them in float32."""
_TRAINING_ONLY = ("multiperioddisc.", "multiresddisc.", "multiresolutiondisc.", "melspec_loss.", "disc_loss.", "gen_loss.",
                  "feat_matching_loss.")  # fmt: skip
_FRAMINGS = {"center": "center", "same": "same"}


@dataclass(frozen=True, slots=True)
class ForeignVocos:
    """A Vocos that has been read."""

    name: str
    config: VocosConfig
    mel: MelConfig
    fitted: Fitted
    checkpoint: Path
    notes: tuple[str, ...]
    """Sentences about what was found."""

    def net(self) -> Vocos:
        """Return the net with these weights, in evaluation mode."""
        return filled(Vocos(self.config), self.fitted.tensors)


def read_vocos(path: Path) -> ForeignVocos:
    """Read a vocoder.

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
    if not isinstance(told, FeatureArguments):
        raise PortError(
            f"{files.config}: is of a Vocos that reads codes of {told.encodec_model}, and one that reads mels is wanted"
        )
    with open_state(files.weights) as state:
        prefix = prefix_of(state)
        mel, notes = _mel(files, arguments, told, state, prefix)
        config = _sizes(files, arguments, mel)
        for name in WINDOWS:
            check_window(files, state, f"{prefix}{name}")
        tensors = state.folded(prefix)
    with torch.device("meta"):
        shapes = shapes_of(Vocos(config).state_dict())
    fitted = fit_vocos(files, tensors, shapes, (FILTERS, *WINDOWS), outside_of(state, prefix))
    return ForeignVocos(name_of(files), config, mel, fitted, files.weights, notes)


def outside_of(state: State, prefix: str) -> tuple[str, ...]:
    """Return what else lies in a training's checkpoint."""
    return tuple(dict.fromkeys(name.partition(".")[0] for name in state.tensors if not name.startswith(prefix)))


def prefix_of(state: State) -> str:
    """Return what stands before the names of the tensors: nothing in a download, ``state_dict.`` in a training's checkpoint.

    Raises
    ------
    PortError
        It is no Vocos.
    """
    found = [name.removesuffix(MARK) for name in state.tensors if name.endswith(MARK) and name[: -len(MARK)][-1:] in ("", ".")]
    if len(found) != 1:
        shown = ", ".join(state.keys[:3]) or "nothing"
        raise PortError(f"{state.path}: is no Vocos: it has no {MARK}, only {shown}; give the file that lies beside config.yaml")
    return found[0]


def _mel(
    files: VocosFiles, arguments: Arguments, told: FeatureArguments, state: State, prefix: str
) -> tuple[MelConfig, tuple[str, ...]]:
    """Return how the mel is computed: as config.yaml says, and as the filters in the file are."""
    if told.padding not in _FRAMINGS or arguments.head.padding != told.padding:
        raise PortError(
            f"{files.config}: padding is {told.padding} for the mels and {arguments.head.padding} for the head; both center, or "
            "both same, is supported"
        )
    name = f"{prefix}{FILTERS}"
    if name not in state.tensors:
        found = next(_conventions(told))
        return found, ("its files do not hold the filters of its mels, so they are taken to be as config.yaml says",)
    filters = numbers_of(state.tensors[name]).T
    for config in _conventions(told):
        if filters.shape == (config.n_mels, config.n_fft // 2 + 1) and _same(mel_filterbank(config), filters):
            return config, ()
    raise PortError(f"{files.weights}: the mel filters in it are not those that {files.config} describes, nor any that are known")


def _conventions(told: FeatureArguments) -> Iterator[MelConfig]:
    """Yield what the settings may mean, the likeliest first: forks changed defaults of the program, and settings are silent."""
    kinds = [("htk", None), ("slaney", "slaney"), ("htk", "slaney"), ("slaney", None)]
    tops = (told.f_max,) if told.f_max is not None else (told.sample_rate / 2, 8000.0)
    for top in tops:
        for scale, norm in kinds:
            if (told.mel_scale or scale) == scale and (told.norm or norm) == norm:
                yield MelConfig.check(
                    {
                        "sample_rate": told.sample_rate,
                        "n_fft": told.n_fft,
                        "hop_length": told.hop_length,
                        "win_length": told.n_fft,
                        "n_mels": told.n_mels,
                        "fmin": told.f_min or 0.0,
                        "fmax": top,
                        "floor": FLOOR,
                        "scale": scale,
                        "norm": norm or "none",
                        "framing": _FRAMINGS[told.padding],
                    },
                    "config.yaml",
                )


def _sizes(files: VocosFiles, arguments: Arguments, mel: MelConfig) -> VocosConfig:
    backbone, head = arguments.backbone, arguments.head
    if backbone.input_channels != mel.n_mels:
        raise PortError(f"{files.config}: the mel has {mel.n_mels} bands, and the backbone reads {backbone.input_channels}")
    if head.hop_length != mel.hop_length:
        raise PortError(f"{files.config}: the head's hop_length is not that of the mels")
    check_head(files, arguments)
    return VocosConfig(
        mels=mel.n_mels,
        n_fft=head.n_fft,
        hop_length=head.hop_length,
        dim=backbone.dim,
        hidden=backbone.intermediate_dim,
        layers=backbone.num_layers,
    )


def check_head(files: VocosFiles, arguments: Arguments) -> None:
    """Refuse a head that does not fit its backbone, or a transform that cannot be driven.

    Raises
    ------
    PortError
        The head's ``dim`` is another one, or ``n_fft`` is no even multiple of ``hop_length``.
    """
    head = arguments.head
    if head.dim != arguments.backbone.dim:
        raise PortError(f"{files.config}: the head's dim is not that of the backbone")
    if head.n_fft % (2 * head.hop_length) or head.n_fft < 4 * head.hop_length:
        raise PortError(
            f"{files.config}: n_fft {head.n_fft} of the head is no even multiple of hop_length {head.hop_length}, at least 4, "
            "which is not supported"
        )


def check_window(files: VocosFiles, state: State, name: str) -> None:
    """Refuse a window other than the one that we compute.

    Raises
    ------
    PortError
        It is no periodic Hann window.
    """
    if name in state.tensors:
        window = numbers_of(state.tensors[name])
        if window.ndim != 1 or not _same(torch.hann_window(len(window)).numpy(), window):
            raise PortError(f"{files.weights}: {name} is no periodic Hann window, and others are not supported")


def _same(ours: NDArray[Any], theirs: NDArray[Any]) -> bool:
    return bool(np.abs(ours - theirs).max() <= _TOLERANCE * np.abs(ours).max())


def fit_vocos(
    files: VocosFiles,
    tensors: dict[str, NDArray[Any]],
    shapes: Mapping[str, tuple[int, ...]],
    unused: tuple[str, ...],
    outside: tuple[str, ...],
) -> Fitted:
    """Give every tensor its place in a net of these shapes.

    Parameters
    ----------
    files : VocosFiles
        For messages.
    tensors, shapes : mapping
        What there is, and what the net wants, by our names.
    unused : tuple of str
        Begins of names that a net has no use for, beside those of its training.
    outside : tuple of str
        What else was left out, see `outside_of`.

    Raises
    ------
    PortError
        A tensor is missing, of another shape, or has no place.
    """
    try:
        fitted = fit(tensors, shapes, unused=(*unused, *_TRAINING_ONLY))
    except PortError as error:
        raise PortError(f"{files.weights}: {error}; is {files.config} the one that it was trained with?") from error
    return Fitted(fitted.tensors, KeyReport(fitted.report.n_used, (*outside, *fitted.report.left_out)))


def name_of(files: VocosFiles) -> str:
    """Return what a vocoder is called: as its folder, where its file is called as all are."""
    plain = files.weights.stem in ("pytorch_model", "model")
    return files.weights.resolve().parent.name if plain else files.weights.stem
