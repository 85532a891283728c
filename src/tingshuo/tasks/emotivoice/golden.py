"""What an EmotiVoice answers to a case of a golden folder, at the borders of its graphs.

======================================  =======================================================
a case gives                            answers
======================================  =======================================================
``tokens`` (N,), ``speaker`` (),        ``projected pitch energy log_duration duration latent
``style``, ``content`` (P,)             wav``
``piece_ids`` (N,)                      ``prompt`` (P,), of the encoder of words
``mel`` or ``latent``                   of the vocoder, see `tingshuo.tasks.vocoder_golden`
======================================  =======================================================
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.tasks.emotivoice.model import SPEAKER_TABLE, TABLES
from tingshuo.tasks.emotivoice.spread import shares, whole_frames
from tingshuo.tasks.golden_compare import Material
from tingshuo.tasks.golden_folder import Case
from tingshuo.tasks.vocoder_golden import answers as vocoder_answers
from tingshuo.types import Runs

Array = NDArray[Any]


def answers(graphs: Mapping[str, Runs], material: Material, case: Case) -> dict[str, Array] | None:
    """See `tingshuo.tasks.golden_compare.Answers`."""
    if case.has("tokens", "speaker", "style", "content"):
        return _spoken(graphs, material, case)
    if case.has("piece_ids"):
        return {"prompt": graphs["prompt"].run({"piece_ids": case.inputs["piece_ids"][None].astype(np.int64)})["prompt"][0]}
    return vocoder_answers(graphs, material, case)


def _spoken(graphs: Mapping[str, Runs], material: Material, case: Case) -> dict[str, Array]:
    given = case.inputs
    speaker = material.tensors(TABLES)[SPEAKER_TABLE][given["speaker"].astype(np.int64).reshape(1)]
    encoded = graphs["encoder"].run(
        {
            "token_ids": given["tokens"][None].astype(np.int64),
            "speaker": np.asarray(speaker, np.float32),
            "style": given["style"][None].astype(np.float32),
            "content": given["content"][None].astype(np.float32),
        }
    )
    durations = whole_frames(encoded["log_duration"][0])
    spread = {name: encoded[name] for name in ("hidden", "pitch", "energy")}
    latent = graphs["decoder"].run({**spread, "weights": shares(durations)})["latent"]
    return {
        "projected": encoded["hidden"][0],
        "pitch": encoded["pitch"][0],
        "energy": encoded["energy"][0],
        "log_duration": encoded["log_duration"][0],
        "duration": durations,
        "latent": latent[0].T,
        "wav": graphs["vocoder"].run({"mel": latent})["wav"][0],
    }
