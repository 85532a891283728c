"""How a decoder of codes is used while its graph is proved; there is no torch here, see `tingshuo.port.convert.rehearsals`."""

from collections.abc import Mapping
from typing import cast

import numpy as np

from tingshuo.config.codec import CodecBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.port.convert.rehearsals import Tensors
from tingshuo.tasks.codec import GRAPH, Decoder
from tingshuo.types import Runs

FRAMES = 40
"""Of what is decoded at each bandwidth."""


def decode_codes(config: CodecBundleConfig, tensors: Tensors, graphs: Mapping[str, Runs]) -> None:
    """Decode codes that are made up, some at every bandwidth."""
    decoder, rng = Decoder(config, cast(Session, graphs[GRAPH])), np.random.default_rng(0)
    for one in config.bandwidths:
        decoder.decode(rng.integers(0, config.codebook_size, (one.codebooks, FRAMES)))
