"""What the modules inside a bundle's nets answer to a case of a golden folder.

The nets are rebuilt from the sizes in the config and the tensors of the bundle, so this looks at the same weights as the graphs
do, and says in which part an answer begins to differ. ::

    from tingshuo.tasks.golden_compare import compare, material_of
    from tingshuo.tasks.golden_folder import read_folder

    compare(bundle, read_folder(path), inside=Inside(material_of(bundle)))
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tingshuo.models.layers.graph import Graph
from tingshuo.port.families import build_nets, fill, has_architecture
from tingshuo.port.verify import reference_outputs
from tingshuo.tasks.golden_compare import Material, run_case
from tingshuo.tasks.golden_folder import Case
from tingshuo.types import Runs

Array = NDArray[Any]
Modules = Mapping[str, "Ear | nn.Module"]


class Ear:
    """Modules, and what of a call is the answer: its output, or something that is made of it.

    Parameters
    ----------
    *modules : nn.Module
        Whose calls are heard; of several the answer is the mean of theirs.
    take : callable or None
        Of inputs and output to the answer; None is the output, the first of several.
    calls : int or None
        How many calls are heard, the first ones; None for all. A net that is run anew in chunks is heard as a whole before.
    """

    def __init__(
        self, *modules: nn.Module, take: Callable[[Any, Any], torch.Tensor] | None = None, calls: int | None = None
    ) -> None:
        self.modules, self.calls = modules, calls
        self.take = take or (lambda _inputs, output: output[0] if isinstance(output, tuple) else output)

    def joined(self, calls: list[Array]) -> Array:
        """Return the answer of all calls without the batch and without the row of pictures one row high.

        One module that is called step by step has a row for each.
        """
        if len(self.modules) > 1:
            total = calls[0]
            for one in calls[1:]:
                total = total + one
            calls = [total / np.float32(len(self.modules))]
        if len(calls) > 1:
            return np.concatenate(calls)
        only: Array = calls[0][0]
        return only[:, 0] if only.ndim == 3 and only.shape[1] == 1 else only


class Inside:
    """The nets of a bundle, to be asked for what lies inside; see `tingshuo.tasks.golden_compare.Inside`.

    ``graphs`` are those of the bundle, computed by the nets.

    Parameters
    ----------
    material : Material
        Of the bundle.

    Raises
    ------
    PortError
        Its nets cannot be rebuilt.
    """

    def __init__(self, material: Material) -> None:
        self._material = material
        self.graphs: dict[str, Runs] = {}
        self._ears: dict[str, Ear] = {}
        for built in build_nets(has_architecture(material.settings)):
            mapped = material.tensors(f"weights/{built.part}.safetensors")
            filled = fill(built, {name: np.array(tensor, np.float32) for name, tensor in mapped.items()})
            self.graphs |= {graph.name: _Eager(graph) for graph in filled.graphs}
            family = type(filled.net).__name__
            heard = EARS[family](filled.net) if family in EARS else {}
            self._ears |= {name: ear if isinstance(ear, Ear) else Ear(ear) for name, ear in heard.items()}

    def __call__(self, case: Case) -> dict[str, Array]:
        """Return what each module that is known by a name of the folder answered; nothing of another family's case."""
        with _listening(self._ears) as calls, torch.inference_mode():
            run_case(self.graphs, self._material, case)
        return {name: self._ears[name].joined(heard) for name, heard in calls.items() if heard}


class _Eager:
    """A graph that is its module."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def run(self, inputs: Mapping[str, Array], /) -> dict[str, Array]:
        return reference_outputs(self._graph, {name: np.array(value) for name, value in inputs.items()})


@contextmanager
def _listening(ears: Mapping[str, Ear]) -> Iterator[dict[str, list[Array]]]:
    calls: dict[str, list[Array]] = {name: [] for name in ears}

    def hook(name: str, ear: Ear) -> Callable[..., None]:
        def hear(_module: nn.Module, inputs: Any, output: Any) -> None:
            if ear.calls is None or len(calls[name]) < ear.calls:
                calls[name].append(ear.take(inputs, output).numpy().copy())

        return hear

    hooks = [module.register_forward_hook(hook(name, ear)) for name, ear in ears.items() for module in ear.modules]
    try:
        yield calls
    finally:
        for one in hooks:
            one.remove()


def _sambert(net: Any) -> Modules:
    return {
        "enc_layer0": net.encoder.blocks[0],
        "enc_out": net.encoder,
        "step_prenet": net.decoder.prenet,
        "step_pnca_first": net.decoder.blocks[0],
        "step_pnca_last": net.decoder.blocks[-1],
    }


def _emotivoice(net: Any) -> Modules:
    return {"enc_out": net.encoder, "upsampled": Ear(net.decoder, take=lambda inputs, _: inputs[0])}


def _hifigan(net: Any) -> Modules:
    per_stage = len(net.config.block_kernels)
    stages = range(len(net.config.upsample_rates))
    ears = {f"stage{stage}": Ear(*net.resblocks[stage * per_stage : (stage + 1) * per_stage]) for stage in stages}
    return ears | {"conv_pre": net.conv_pre}


def _kan_hifigan(net: Any) -> Modules:
    ears: dict[str, Ear | nn.Module] = {f"stage{n}": stage for n, stage in enumerate(net.stages)}
    ears |= {"conv_pre": net.conv_pre, "pre_tanh": Ear(net.conv_post, take=lambda _, output: output[:, 0])}
    if net.source is not None:
        ears["excitation"] = Ear(net.source, take=lambda _, output: torch.tanh(output)[:, 0])
    return ears


def _vocos(net: Any) -> Modules:
    return {
        "embed": net.backbone.norm,
        "block0": Ear(net.backbone.convnext[0], take=lambda _, output: output.transpose(1, 2)),
        "backbone": net.backbone.final_layer_norm,
    }


def _rvc(net: Any) -> Modules:
    ears: dict[str, Ear | nn.Module] = {f"stage{n}": stage for n, stage in enumerate(net.decoder.stages)}
    return ears | {"enc_x": net.encoder.layers[-1], "conv_pre": net.decoder.first}


def _vits(net: Any) -> Modules:
    return {f"stage{n}": stage for n, stage in enumerate(net.decoder.stages)}


def _conformer(net: Any) -> Modules:
    first = net.encoder.blocks[0]
    return {
        "embed": Ear(first, take=lambda inputs, _: inputs[0], calls=1),
        "pos": Ear(first, take=lambda inputs, _: inputs[1][None], calls=1),
        "layer0": Ear(first, calls=1),
    }


EARS: dict[str, Callable[[Any], Modules]] = {
    "CodeVocos": _vocos,
    "Conformer": _conformer,
    "EmotiVoice": _emotivoice,
    "HiFiGan": _hifigan,
    "KanHiFiGan": _kan_hifigan,
    "Rvc": _rvc,
    "Sambert": _sambert,
    "Vits": _vits,
    "Vocos": _vocos,
}
"""Net to its modules by the names that golden folders of its system give them."""
