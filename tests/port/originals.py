"""Golden folders of originals against the nets that importers make of their rebuilt checkpoints, without an export."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from tingshuo.config import FamilyConfig, FrameConfig
from tingshuo.config.emotivoice import EmotiVoiceBundleConfig, PiecesConfig
from tingshuo.port.convert import hifigan, piper, rvc, sambert, vocos, wenet
from tingshuo.port.draft import Draft, Part
from tingshuo.port.families import build_nets, fill, has_architecture, sizes
from tingshuo.port.importers.emotivoice import read_emotivoice
from tingshuo.port.inside import Inside
from tingshuo.store.manifest import GraphEntry, GraphVariant, TensorSpec
from tingshuo.tasks.golden_compare import Comparison, Material, compare_graphs
from tingshuo.tasks.golden_folder import read_folder

GOLDEN = Path(__file__).parents[3] / "shared" / "golden"


@dataclass(frozen=True)
class Nets:
    """What is used of a draft here."""

    config: FamilyConfig
    parts: Mapping[str, Part]


def _emotivoice(files: Path) -> Nets:
    """The fixture has no encoder of prompts: what that gives is an input of its cases."""
    read = read_emotivoice(files)
    config = EmotiVoiceBundleConfig(
        family="emotivoice+hifigan",
        frames=FrameConfig(read.sample_rate, read.vocoder_config.hop_length),
        tokens=read.tokens,
        pieces=PiecesConfig((), True, None, True, 8),
        vocoder_context_frames=0,
        architecture=sizes("emotivoice", read.config) | sizes("hifigan", read.vocoder_config),
    )
    parts = {"acoustic": read.acoustic, "vocoder": read.vocoder}
    return Nets(config, {name: Part(one.tensors, one.report) for name, one in parts.items()})


DRAFTS: dict[str, Callable[[Path], Draft | Nets]] = {
    "emotivoice": _emotivoice,
    "hifigan_v2": hifigan.draft,
    "piper_medium": piper.draft,
    "rvc_v2_40k": lambda files: rvc.draft(files / "assets/weights/golden.pth"),
    "sambert_16k": sambert.draft,
    "vocos_mel_24khz": vocos.draft,
    "wenet_u2pp_conformer": wenet.draft,
}
WITH = {"sambert_16k": ("kan_hifigan_16k",)}
"""What lies in the same folder of a checkpoint."""


def material_of(draft: Draft | Nets) -> Material:
    """Return what the bundle of a draft would tell, with the graphs that its nets have."""
    entries = {}
    for built in build_nets(has_architecture(draft.config)):
        tensors = draft.parts[built.part].tensors
        for graph in fill(built, tensors).graphs:
            specs = {}
            for name, value in graph.inputs.items():
                shape = [graph.free.get(name, {}).get(axis, size) for axis, size in enumerate(value.shape)]
                specs[name] = TensorSpec(str(value.dtype).removeprefix("torch."), tuple(shape))
            entries[graph.name] = GraphEntry(specs, {}, (GraphVariant("onnx", "fp32", f"{graph.name}.onnx"),))
    return Material(draft.config, entries, lambda file: draft.parts[Path(file).stem].tensors)


@lru_cache(2)
def _prepared(golden: Callable[..., Any], name: str) -> tuple[Material, Inside]:
    files = golden(name, *WITH.get(name, ())).files
    material = material_of(DRAFTS[name](files))
    return material, Inside(material)


def compare_original(
    golden: Callable[..., Any], name: str, cases: Collection[str], of: str | None = None
) -> tuple[Comparison, Material, Inside]:
    """Compare some cases of a fixture, or of another one (``of``), with the net of a fixture's checkpoint."""
    material, inside = _prepared(golden, name)
    folder = read_folder(GOLDEN / (of or name))
    chosen = replace(folder, cases=tuple(case for case in folder.cases if case.name in cases))
    assert len(chosen.cases) == len(cases)
    return compare_graphs(inside.graphs, material, chosen, inside=inside), material, inside
