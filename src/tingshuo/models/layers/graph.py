"""What a family hands to the exporter: a module, example inputs, which dimensions are free, and names."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Graph:
    """One graph of a family.

    ``inputs`` are examples, in the order of the module's arguments; ``free`` names the dimensions that vary, by input and
    axis; ``outputs`` are the names of the module's results.
    """

    name: str
    module: nn.Module
    inputs: Mapping[str, Tensor]
    free: Mapping[str, Mapping[int, str]]
    outputs: tuple[str, ...]
