"""What a net costs: parameters and multiply-accumulates."""

from typing import Any

import torch
from torch import Tensor, nn


def count_parameters(net: nn.Module) -> int:
    """Return the number of trainable numbers of a net."""
    return sum(parameter.numel() for parameter in net.parameters())


@torch.inference_mode()
@torch.no_grad()
def count_macs(net: nn.Module, *inputs: Tensor) -> int:
    """Return the multiply-accumulates of linear layers and convolutions in one call of a net.

    Norms, activations and transforms are not counted; in the nets here they are below a tenth.
    """
    total = 0

    def add(module: nn.Module, _: Any, output: Tensor) -> None:
        nonlocal total
        weight = module.weight
        assert isinstance(weight, Tensor)
        if isinstance(module, nn.ConvTranspose1d):
            # Each input place is multiplied by the whole kernel; the outputs at the borders that are cut off count too.
            total += weight.numel() * (output.numel() // output.shape[1] // module.stride[0])
        else:
            features = output.shape[1] if isinstance(module, nn.Conv1d | nn.Conv2d) else output.shape[-1]
            total += weight.numel() * (output.numel() // features)

    counted = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d)
    hooks = [module.register_forward_hook(add) for module in net.modules() if isinstance(module, counted)]
    try:
        net(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return total
