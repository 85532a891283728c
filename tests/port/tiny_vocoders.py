"""Tiny vocoders of other systems, written as those leave them, and bundles of them."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from tingshuo.audio.mel import HIFIGAN, mel_filterbank
from tingshuo.config import MelConfig
from tingshuo.models.hifigan.config import HiFiGanConfig
from tingshuo.models.hifigan.net import HiFiGan
from tingshuo.models.vocos.codes import CodeVocos
from tingshuo.models.vocos.config import CodeVocosConfig, VocosConfig
from tingshuo.models.vocos.net import Vocos
from tingshuo.port import bundling, draft_folder
from tingshuo.port.convert import hifigan, vocos
from tingshuo.port.draft import Draft
from tingshuo.port.export import export_graph
from tingshuo.port.families import build_nets, hollow
from tingshuo.port.importers.vocos import FILTERS, WINDOWS
from tingshuo.port.importers.vocos_codes import CODEBOOKS, WINDOW

State = dict[str, Tensor]
HIFIGAN_TINY = HiFiGanConfig(mels=20, channels=16, upsample_rates=(8, 8), upsample_kernels=(16, 16), block_kernels=(3, 5),
                             block_dilations=((1, 3), (1, 2)))  # fmt: skip
HIFIGAN_100 = HIFIGAN_TINY.replace(mels=100, upsample_rates=(16, 16), upsample_kernels=(32, 32), block_kernels=(3,),
                                   block_dilations=((1,),))  # fmt: skip
MEL_100 = MelConfig(**HIFIGAN)
"""What `HIFIGAN_100` reads."""
VOCOS_TINY = VocosConfig(mels=20, n_fft=256, hop_length=64, dim=8, hidden=12, layers=2)
VOCOS_100 = VocosConfig(dim=8, hidden=12, layers=1)
MEL_TINY = MelConfig(sample_rate=16000, n_fft=256, hop_length=64, win_length=256, n_mels=20, fmax=8000.0)
CODES_TINY = CodeVocosConfig(code_dim=6, dim=8, hidden=12, layers=2)
"""Codebooks are as many and as large as EnCodec's: it is they that say which codec it is."""
SPELLINGS: dict[str, tuple[str, str] | None] = {
    "old": ("weight_g", "weight_v"),
    "new": ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    "plain": None,
}


def hifigan_settings(config: HiFiGanConfig, **changes: Any) -> dict[str, Any]:
    """Return config.json of a generator; ``"left out"`` leaves a setting out."""
    framing = {"sampling_rate": 16000, "n_fft": 256, "win_size": 256, "num_mels": 20, "fmin": 50, "fmax": None, "batch_size": 16}
    sizes = {
        "resblock": str(config.block),
        "upsample_rates": config.upsample_rates,
        "upsample_kernel_sizes": config.upsample_kernels,
        "upsample_initial_channel": config.channels,
        "resblock_kernel_sizes": config.block_kernels,
        "resblock_dilation_sizes": config.block_dilations,
        "hop_size": config.hop_length,
    }
    return {name: value for name, value in (framing | sizes | changes).items() if value != "left out"}


def spelt(net: HiFiGan, spelling: str) -> State:
    """Return the tensors of a net as a checkpoint has them: direction of any length, and the length beside it."""
    state, ends = {}, SPELLINGS[spelling]
    for name, tensor in net.state_dict().items():
        stem, _, kind = name.rpartition(".")
        if kind == "weight" and ends is not None:
            state[f"{stem}.{ends[0]}"] = tensor.flatten(1).norm(dim=1).reshape(-1, *[1] * (tensor.ndim - 1))
            state[f"{stem}.{ends[1]}"] = 1.7 * tensor
        else:
            state[name] = tensor.clone()
    return state


def write_hifigan(
    folder: Path,
    config: HiFiGanConfig = HIFIGAN_TINY,
    spelling: str = "old",
    wrap: Callable[[State], Any] = lambda state: {"generator": state},
    name: str = "g_00000010",
    **changes: Any,
) -> HiFiGan:
    """Write a generator and its settings; returns the net."""
    torch.manual_seed(0)
    net = HiFiGan(config).eval()
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(wrap(spelt(net, spelling)), folder / name)
    (folder / "config.json").write_text(json.dumps(hifigan_settings(config, **changes)), "utf-8")
    return net


def vocos_settings(config: VocosConfig, mel: MelConfig) -> dict[str, Any]:
    """Return config.yaml of a Vocos."""
    frames = {"n_fft": config.n_fft, "hop_length": config.hop_length, "padding": mel.framing}
    features = {"sample_rate": mel.sample_rate, "n_mels": config.mels}
    sizes = {"input_channels": config.mels, "dim": config.dim, "intermediate_dim": config.hidden, "num_layers": config.layers}
    classes = {
        "feature_extractor": ("vocos.feature_extractors.MelSpectrogramFeatures", features | frames),
        "backbone": ("vocos.models.VocosBackbone", sizes),
        "head": ("vocos.heads.ISTFTHead", {"dim": config.dim} | frames),
    }
    return {part: {"class_path": path, "init_args": arguments} for part, (path, arguments) in classes.items()}


def write_vocos(
    folder: Path,
    config: VocosConfig = VOCOS_TINY,
    mel: MelConfig = MEL_TINY,
    more: State | None = None,
    name: str = "model.safetensors",
    filters: bool = True,
    **changes: Any,
) -> Vocos:
    """Write a vocoder as its author does, with the filters of ``mel`` in it; ``changes`` are arguments, ``head__padding`` of the
    head. Returns the net."""
    torch.manual_seed(0)
    net = Vocos(config).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    state = {key: one.clone() for key, one in net.state_dict().items()}
    if filters:
        state[FILTERS] = torch.from_numpy(mel_filterbank(mel).T.copy())
        state |= {key: torch.hann_window(config.n_fft) for key in WINDOWS}
    state |= more or {}
    folder.mkdir(parents=True, exist_ok=True)
    if name.endswith(".safetensors"):
        save_file(state, folder / name)
    elif name.endswith(".ckpt"):
        torch.save({"state_dict": state, "epoch": 3, "optimizer_states": [{"state": {}}]}, folder / name)
    else:
        torch.save(state, folder / name)
    settings = copy.deepcopy(vocos_settings(config, mel.replace(framing="center")))
    for key, value in changes.items():
        part, argument = key.split("__")
        settings[part]["init_args"][argument] = value
    (folder / "config.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    return net


def write_code_vocos(folder: Path, config: CodeVocosConfig = CODES_TINY, more: State | None = None, **changes: Any) -> CodeVocos:
    """Write a vocoder of codes as its author does; ``more`` and ``changes`` as for `write_vocos`. Returns the net."""
    torch.manual_seed(0)
    net = CodeVocos(config).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    state = {key.replace("codebooks.weight", CODEBOOKS): one.clone() for key, one in net.state_dict().items()}
    state |= {WINDOW: torch.hann_window(config.n_fft), **(more or {})}
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(state, folder / "pytorch_model.bin")
    sizes = {"input_channels": config.code_dim, "dim": config.dim, "intermediate_dim": config.hidden, "num_layers": config.layers}
    transform = {"n_fft": config.n_fft, "hop_length": config.hop_length, "padding": "same"}
    codec = {"encodec_model": "encodec_24khz", "bandwidths": [1.5, 3.0, 6.0, 12.0], "train_codebooks": False}
    classes: dict[str, tuple[str, dict[str, Any]]] = {
        "feature_extractor": ("vocos.feature_extractors.EncodecFeatures", codec),
        "backbone": ("vocos.models.VocosBackbone", sizes | {"adanorm_num_embeddings": config.bandwidths}),
        "head": ("vocos.heads.ISTFTHead", {"dim": config.dim} | transform),
    }
    for key, value in changes.items():
        part, argument = key.split("__")
        classes[part][1][argument] = value
    settings = {part: {"class_path": path, "init_args": arguments} for part, (path, arguments) in classes.items()}
    (folder / "config.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    return net


_MADE: dict[str, Path] = {}


def vocoder_bundle(kind: str, factory: pytest.TempPathFactory) -> Path:
    """Return the bundle of a tiny vocoder for 100 bands at 24 kHz, ``hifigan`` or ``vocos``; made once, and not to be changed."""
    if kind not in _MADE:
        folder = factory.mktemp(kind)
        source = folder / f"tiny-{kind}"
        if kind == "hifigan":
            told = {"sampling_rate": 24000, "n_fft": 1024, "win_size": 1024, "num_mels": 100, "fmin": 0, "fmax": 12000}
            write_hifigan(source, HIFIGAN_100, **told)
        else:
            write_vocos(source, VOCOS_100, MelConfig())
        draft = {"hifigan": hifigan.draft, "vocos": vocos.draft}[kind](source)
        _MADE[kind] = write_vocoder(draft, folder / "bundle")
    return _MADE[kind]


def write_vocoder(draft: Draft, folder: Path) -> Path:
    """Write the bundle of a draft."""
    with pytest.MonkeyPatch.context() as patch:
        # In this process: the one that an export has of its own begins by importing torch.
        patch.setattr(draft_folder, "export_structures", _export)
        bundling.write_draft(draft, folder)
    return folder


def _export(architecture: Any, *, here: bool) -> dict[str, Any]:
    graphs = (graph for built in build_nets(architecture) for graph in hollow(built).graphs)
    return {graph.name: export_graph(graph, half=False) for graph in graphs}
