"""Narrow the perceptrons of ConvNeXt blocks without training.

Of a block's hidden features those are dropped, one after the other, whose loss the remaining ones can best make up for; the
last layer is then solved anew by least squares, so that the narrow block adds what the wide one added. Blocks are narrowed from
first to last, each on the outputs of the narrowed ones before it, so that later blocks also repair earlier errors.

Source: backward elimination for least squares; as pruning, Hassibi and Stork 1993, "Optimal Brain Surgeon".
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.models.layers.convnext import ConvNeXtBlock
from tingshuo.models.layers.graph import Graph
from tingshuo.models.source_filter.net import SourceFilter
from tingshuo.port.nets import VoiceNets
from tingshuo.port.voice import voice_graphs

_RIDGE = 1e-4
"""Added to the covariance's diagonal, as a fraction of its mean."""


def prune_voice(
    nets: VoiceNets, seen: Mapping[str, Sequence[Mapping[str, NDArray[Any]]]], *, decoder_hidden: int, vocoder_hidden: int
) -> VoiceNets:
    """Return copies of the nets with a narrower decoder and vocoder.

    Parameters
    ----------
    nets : VoiceNets
        Unchanged.
    seen : Mapping
        Graph name to inputs of typical sentences, from `tingshuo.port.calibration.record_inputs`.
    decoder_hidden, vocoder_hidden : int
        Hidden features to keep in each block; a net that has no more, or a vocoder of another family than source_filter, is
        returned as it is.
    """
    graphs = voice_graphs(nets)
    acoustic, vocoder = nets.acoustic, nets.vocoder
    if decoder_hidden < acoustic.config.decoder_hidden:
        wide = [*acoustic.decoder.children()]
        narrow = prune_stack(wide, _inputs_of(graphs["decoder"], wide[0], seen["decoder"]), decoder_hidden)
        acoustic = FastSpeech(acoustic.config.replace(decoder_hidden=decoder_hidden))
        _fill(acoustic, nets.acoustic, "decoder", narrow)
    if isinstance(vocoder, SourceFilter) and vocoder_hidden < vocoder.config.hidden:
        wide = [*vocoder.blocks.children()]
        narrow = prune_stack(wide, _inputs_of(graphs["vocoder"], wide[0], seen["vocoder"]), vocoder_hidden)
        vocoder = SourceFilter(vocoder.config.replace(hidden=vocoder_hidden))
        _fill(vocoder, nets.vocoder, "blocks", narrow)
    return VoiceNets(acoustic, vocoder)


@torch.inference_mode()
def prune_stack(blocks: Sequence[nn.Module], inputs: Sequence[Tensor], keep: int) -> list[ConvNeXtBlock]:
    """Return narrow copies of blocks that follow each other.

    Parameters
    ----------
    blocks : Sequence of ConvNeXtBlock
        Unchanged.
    inputs : Sequence[Tensor]
        What the first block reads, (1, F, D) each.
    keep : int
        Hidden features of each narrow block.
    """
    narrow = []
    wide_x, narrow_x = list(inputs), list(inputs)
    for block in blocks:
        assert isinstance(block, ConvNeXtBlock)
        wide_x = [block(x) for x in wide_x]
        hidden = torch.cat([_hidden(block, x)[0] for x in narrow_x])
        wanted = torch.cat([wide[0] - x[0] for wide, x in zip(wide_x, narrow_x, strict=True)])
        narrow.append(_narrowed(block, hidden, wanted, keep))
        narrow_x = [narrow[-1](x) for x in narrow_x]
    return narrow


def choose_features(covariance: Tensor, product: Tensor, keep: int) -> Tensor:
    """Return the features that explain the targets best when only ``keep`` may stay, ascending.

    Parameters
    ----------
    covariance : Tensor
        (H, H) float64 of the features, positive definite.
    product : Tensor
        (H, D) float64, features times targets.
    keep : int
        Features to keep.
    """
    inverse = torch.linalg.inv(covariance)
    weights = inverse @ product
    alive = torch.ones(len(covariance), dtype=torch.bool)
    for _ in range(len(covariance) - keep):
        # Dropping feature i costs |w_i|^2 / inverse_ii once the others have taken over what they can.
        cost = (weights**2).sum(1) / inverse.diagonal()
        cost[~alive] = torch.inf
        worst = int(cost.argmin())
        share = inverse[:, worst] / inverse[worst, worst]
        weights -= share[:, None] * weights[worst]
        inverse -= torch.outer(share, inverse[worst].clone())
        inverse[worst, worst] = 1.0  # its row and column are zero now; keeps the division above defined
        alive[worst] = False
    return alive.nonzero()[:, 0]


def _narrowed(block: ConvNeXtBlock, hidden: Tensor, wanted: Tensor, keep: int) -> ConvNeXtBlock:
    """Solve for the narrow block: ``hidden`` (rows, H) that it computes, ``wanted`` (rows, D) that it should add."""
    mean, target_mean = hidden.mean(0), wanted.mean(0)
    centred = hidden - mean
    covariance = (centred.T @ centred).double()
    covariance.diagonal().add_(_RIDGE * covariance.diagonal().mean())
    product = (centred.T @ (wanted - target_mean)).double()
    kept = choose_features(covariance, product, keep)
    weight = torch.linalg.solve(covariance[kept][:, kept], product[kept]).float().T
    narrow = ConvNeXtBlock(block.project.out_features, keep)
    narrow.depthwise.load_state_dict(block.depthwise.state_dict())
    narrow.norm.load_state_dict(block.norm.state_dict())
    narrow.expand.load_state_dict({"weight": block.expand.weight[kept], "bias": block.expand.bias[kept]})
    narrow.project.load_state_dict({"weight": weight, "bias": target_mean - weight @ mean[kept]})
    return narrow.eval()


def _hidden(block: ConvNeXtBlock, x: Tensor) -> Tensor:
    y = block.norm(block.depthwise(x.transpose(1, 2)).transpose(1, 2))
    return nn.functional.gelu(block.expand(y))


@torch.inference_mode()
def _inputs_of(graph: Graph, module: nn.Module, seen: Sequence[Mapping[str, NDArray[Any]]]) -> list[Tensor]:
    """Run a graph on recorded inputs and return what one of its modules was given first."""
    caught: list[Tensor] = []
    hook = module.register_forward_pre_hook(lambda _, args: caught.append(args[0].clone()))
    for inputs in seen:
        graph.module(*(torch.from_numpy(inputs[name]) for name in graph.inputs))
    hook.remove()
    return caught


def _fill(net: nn.Module, source: nn.Module, stack: str, blocks: Sequence[ConvNeXtBlock]) -> None:
    """Copy everything from the source but the blocks of ``stack``, which are the narrow ones."""
    tensors = {name: tensor for name, tensor in source.state_dict().items() if not name.startswith(f"{stack}.")}
    for index, block in enumerate(blocks):
        tensors |= {f"{stack}.{index}.{name}": tensor for name, tensor in block.state_dict().items()}
    net.load_state_dict(tensors)
    net.eval()
