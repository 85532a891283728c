"""Narrow the perceptrons of ConvNeXt blocks, and the convolutions of transformer blocks, without training.

Of a block's hidden features those are dropped, one after the other, whose loss the remaining ones can best make up for; the
last layer is then solved anew by least squares, so that the narrow block adds what the wide one added. Blocks are narrowed from
first to last, each on the outputs of the narrowed ones before it, so that later blocks also repair earlier errors. Of a
transformer block, whose last layer reads three neighbours, features are chosen by what they give to all three together.

Source: backward elimination for least squares; as pruning, Hassibi and Stork 1993, "Optimal Brain Surgeon".
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.models.layers.convnext import ConvNeXtBlock
from tingshuo.models.layers.graph import Graph
from tingshuo.models.layers.transformer import TransformerBlock
from tingshuo.models.source_filter.net import SourceFilter
from tingshuo.models.vocos.net import Block, Vocos
from tingshuo.port.nets import VoiceNets
from tingshuo.port.vocoders import Vocoder
from tingshuo.port.voice import voice_graphs

_RIDGE = 1e-4
"""Added to the covariance's diagonal, as a fraction of its mean."""
_VOCOS_NAMES = {"depthwise": "dwconv", "norm": "norm", "expand": "pwconv1", "project": "pwconv2"}
"""Layers of a ConvNeXt block as they are called in the public layout of Vocos."""
Net = TypeVar("Net", bound=nn.Module)


def prune_voice(
    nets: VoiceNets,
    seen: Mapping[str, Sequence[Mapping[str, NDArray[Any]]]],
    *,
    encoder_hidden: int | None = None,
    decoder_hidden: int | None = None,
    vocoder_hidden: int | None = None,
) -> VoiceNets:
    """Return copies of the nets with a narrower encoder, decoder and vocoder.

    Parameters
    ----------
    nets : VoiceNets
        Unchanged.
    seen : Mapping
        Graph name to inputs of typical sentences, as from `tingshuo.port.calibration.record_inputs`; an encoder needs some
        thousand phonemes.
    encoder_hidden, decoder_hidden, vocoder_hidden : int or None
        Hidden features to keep in each block; a net that has no more, or whose size is None, or a vocoder without ConvNeXt
        blocks, is returned as it is.
    """
    graphs = voice_graphs(nets)
    acoustic, vocoder = nets.acoustic, nets.vocoder
    if encoder_hidden is not None and encoder_hidden < acoustic.config.encoder_hidden:
        layers = [*acoustic.encoder.children()]
        thin = prune_transformer(layers, _inputs_of(graphs["encoder"], layers[0], seen["encoder"]), encoder_hidden)
        acoustic = _filled(FastSpeech(acoustic.config.replace(encoder_hidden=encoder_hidden)), acoustic, "encoder", thin)
    if decoder_hidden is not None and decoder_hidden < acoustic.config.decoder_hidden:
        wide = [*acoustic.decoder.children()]
        narrow = prune_stack(wide, _inputs_of(graphs["decoder"], nets.acoustic.decoder[0], seen["decoder"]), decoder_hidden)
        acoustic = _filled(FastSpeech(acoustic.config.replace(decoder_hidden=decoder_hidden)), acoustic, "decoder", narrow)
    if vocoder_hidden is not None:
        vocoder = _narrowed_vocoder(vocoder, graphs["vocoder"], seen, vocoder_hidden)
    return VoiceNets(acoustic, vocoder)


@torch.no_grad()
def _narrowed_vocoder(
    vocoder: Vocoder, graph: Graph, seen: Mapping[str, Sequence[Mapping[str, NDArray[Any]]]], keep: int
) -> Vocoder:
    if isinstance(vocoder, SourceFilter) and keep < vocoder.config.hidden:
        wide = [*vocoder.blocks.children()]
        narrow = prune_stack(wide, _inputs_of(graph, wide[0], seen["vocoder"]), keep)
        return _filled(SourceFilter(vocoder.config.replace(hidden=keep)), vocoder, "blocks", narrow)
    if isinstance(vocoder, Vocos) and keep < vocoder.config.hidden:
        public = [*vocoder.backbone.convnext.children()]
        narrow = prune_stack([_from_public(block) for block in public], _inputs_of(graph, public[0], seen["vocoder"]), keep)
        blocks = [_to_public(block) for block in narrow]
        return _filled(Vocos(vocoder.config.replace(hidden=keep)), vocoder, "backbone.convnext", blocks)
    return vocoder


def _from_public(block: nn.Module) -> ConvNeXtBlock:
    """Return a block of Vocos with its scale multiplied into the last layer."""
    assert isinstance(block, Block)
    plain = ConvNeXtBlock(block.pwconv2.out_features, block.pwconv2.in_features)
    for mine, theirs in _VOCOS_NAMES.items():
        getattr(plain, mine).load_state_dict(getattr(block, theirs).state_dict())
    plain.project.weight.mul_(block.gamma[:, None])
    plain.project.bias.mul_(block.gamma)
    return plain.eval()


def _to_public(block: ConvNeXtBlock) -> Block:
    public = Block(block.project.out_features, block.project.in_features, 1.0)
    for mine, theirs in _VOCOS_NAMES.items():
        getattr(public, theirs).load_state_dict(getattr(block, mine).state_dict())
    return public


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


@torch.inference_mode()
def prune_transformer(blocks: Sequence[nn.Module], inputs: Sequence[Tensor], keep: int) -> list[TransformerBlock]:
    """Return narrow copies of transformer blocks that follow each other.

    Parameters
    ----------
    blocks : Sequence of TransformerBlock
        Unchanged.
    inputs : Sequence[Tensor]
        What the first block reads, (1, N, D) each.
    keep : int
        Hidden features of each narrow block.
    """
    narrow: list[TransformerBlock] = []
    wide_x, narrow_x = list(inputs), list(inputs)
    for block in blocks:
        assert isinstance(block, TransformerBlock)
        wide_x = [block(x) for x in wide_x]
        mixed = [x + block.attention(block.attention_norm(x)) for x in narrow_x]
        hidden = [nn.functional.gelu(block.conv_in(block.conv_norm(x).transpose(1, 2)))[0].T for x in mixed]
        wanted = torch.cat([wide[0] - x[0] for wide, x in zip(wide_x, mixed, strict=True)])
        narrow.append(_narrowed_transformer(block, hidden, wanted, keep))
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
        weights.addr_(share, weights[worst].clone(), alpha=-1)
        inverse.addr_(share, inverse[worst].clone(), alpha=-1)
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


def _narrowed_transformer(block: TransformerBlock, hidden: Sequence[Tensor], wanted: Tensor, keep: int) -> TransformerBlock:
    """Solve for the narrow block: ``hidden`` (N, H) of each sentence, ``wanted`` (rows, D) that it should add."""
    rows = torch.cat([*hidden])
    centred = rows - rows.mean(0)
    covariance = (centred.T @ centred).double()
    covariance.diagonal().add_(_RIDGE * covariance.diagonal().mean())
    taps = block.conv_out.weight.permute(1, 2, 0)  # (H, 3, D)
    kept = choose_features(covariance, covariance @ taps.flatten(1).double(), keep)
    # Neighbours side by side, nothing beyond a sentence's ends: what the convolution reads.
    seen = torch.cat([torch.cat([nn.functional.pad(h[:, kept], (0, 0, 1 - k, k - 1)) for k in range(3)], 1) for h in hidden])
    mean, target_mean = seen.mean(0), wanted.mean(0)
    seen = seen - mean
    before = taps[kept].transpose(0, 1).flatten(0, 1)  # (3 keep, D)
    gram = (seen.T @ seen).double()
    gram.diagonal().add_(_RIDGE * gram.diagonal().mean())
    # The ridge pulls towards the weights that were there, so that few phonemes spoil nothing.
    change = torch.linalg.solve(gram, (seen.T @ (wanted - target_mean - seen @ before)).double())
    weight = before + change.float()
    dim = block.conv_out.out_channels
    narrow = TransformerBlock(dim, keep, block.attention.heads)
    for name in ("attention_norm", "attention", "conv_norm"):
        getattr(narrow, name).load_state_dict(getattr(block, name).state_dict())
    assert block.conv_in.bias is not None
    narrow.conv_in.load_state_dict({"weight": block.conv_in.weight[kept], "bias": block.conv_in.bias[kept]})
    new = weight.reshape(3, keep, dim).permute(2, 1, 0).contiguous()
    narrow.conv_out.load_state_dict({"weight": new, "bias": target_mean - mean @ weight})
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


def _filled(net: Net, source: nn.Module, stack: str, blocks: Sequence[nn.Module]) -> Net:
    """Copy everything from the source but the blocks of ``stack``, which are the narrow ones."""
    tensors = {name: tensor for name, tensor in source.state_dict().items() if not name.startswith(f"{stack}.")}
    for index, block in enumerate(blocks):
        tensors |= {f"{stack}.{index}.{name}": tensor for name, tensor in block.state_dict().items()}
    net.load_state_dict(tensors)
    return net.eval()
