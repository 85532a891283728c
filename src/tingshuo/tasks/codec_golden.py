"""What a decoder of codes answers to a case of a golden folder.

A case gives ``codes`` (Q, F) and, where it is not the bandwidth that has Q codes a frame, ``bandwidth_id`` (). Answers are
``features`` (code_dim, F), which are of the tables alone, ``out`` (F, 2 K), log magnitudes and then phases, and ``audio`` and
``wav`` (F * hop_length,), which are the same.
"""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.codec import CodecBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.tasks.codec import GRAPH, Decoder
from tingshuo.tasks.golden_compare import Material
from tingshuo.tasks.golden_folder import Case
from tingshuo.tasks.golden_graphs import Described
from tingshuo.tasks.vocoder import Transform
from tingshuo.types import Runs

Array = NDArray[Any]
TABLES, CODEBOOKS = "weights/vocoder.safetensors", "codebooks.weight"


def answers(graphs: Mapping[str, Runs], material: Material, case: Case) -> dict[str, Array] | None:
    """See `tingshuo.tasks.golden_compare.Answers`."""
    settings = material.settings
    assert isinstance(settings, CodecBundleConfig)
    if not case.has("codes"):
        return None
    codes = case.inputs["codes"]
    described = Described(graphs[GRAPH], material.entries[GRAPH], dict.fromkeys(Transform.OUTPUTS, ()))
    decoder = Decoder(settings, cast(Session, described))
    row = int(case.inputs["bandwidth_id"]) if case.has("bandwidth_id") else decoder.row_of(codes)
    outputs = described.run({"codes": codes[None].astype(np.int64), "bandwidth": np.array([row], np.int64)})
    wav = decoder.decode(codes, settings.bandwidths[row].kbps)
    begins = settings.codebook_size * np.arange(len(codes))[:, None]
    return {
        "features": material.tensors(TABLES)[CODEBOOKS][codes + begins].sum(0).T,
        "out": np.concatenate([outputs["log_magnitude"][0], outputs["phase"][0]], 1),
        "audio": wav,
        "wav": wav,
    }
