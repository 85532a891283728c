"""What a Sambert answers to a case of a golden folder, at the borders of its graphs.

======================================  ==============================================================================
a case gives                            answers
======================================  ==============================================================================
``ling`` (N, tables), ``emotion`` (N),  ``pitch energy log_duration duration n_frames band lr_text mel_decoder mel``
``speaker`` (N) or (N, speaker_dim)
``mel``                                 of the vocoder, see `tingshuo.tasks.vocoder_golden`
``last2`` (F, 2)                        ``denormalised`` (F, 2) as this voice reads F0, ``global`` by the scale 30..730,
                                        ``mean_std`` by a mean and deviation, those of ``mvn`` (2,) or the voice's own
======================================  ==============================================================================
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.config.sambert import SambertBundleConfig
from tingshuo.tasks.golden_compare import Answer, Material
from tingshuo.tasks.golden_folder import Case
from tingshuo.tasks.golden_graphs import Heard
from tingshuo.tasks.sambert.loop import decode, finish, plan
from tingshuo.tasks.sambert.model import EMOTION_TABLE, SPEAKER_TABLE, TABLES
from tingshuo.tasks.sambert.source import read_f0
from tingshuo.tasks.vocoder_golden import answers as vocoder_answers
from tingshuo.types import Runs

Array = NDArray[Any]
GLOBAL_SCALE_HZ, GLOBAL_OFFSET_HZ = 700.0, 30.0
"""Of a voice of KAN-TTS without a mean and deviation of its own: F0 from 30 to 730 Hz."""
NO_MVN = "of a voice whose F0 has a mean and a deviation (mvn.npy), which this one has not; the case may give them as mvn"


def answers(graphs: Mapping[str, Runs], material: Material, case: Case) -> Mapping[str, Answer] | None:
    """See `tingshuo.tasks.golden_compare.Answers`."""
    settings = material.settings
    assert isinstance(settings, SambertBundleConfig)
    if case.has("ling", "emotion", "speaker"):
        return _spoken(graphs, settings, material, case)
    if case.has("last2"):
        return _f0_read(settings, case)
    return vocoder_answers(graphs, material, case)


def _f0_read(settings: SambertBundleConfig, case: Case) -> dict[str, Answer]:
    def read(scale_hz: float, offset_hz: float) -> Array:
        return np.stack(read_f0(case.inputs["last2"], scale_hz, offset_hz), 1)

    own = settings.f0_scale_hz, settings.f0_offset_hz
    made: dict[str, Answer] = {"denormalised": read(*own), "global": read(GLOBAL_SCALE_HZ, GLOBAL_OFFSET_HZ)}
    if case.has("mvn"):
        mean, deviation = (float(one) for one in case.inputs["mvn"].reshape(-1))
        return made | {"mean_std": read(deviation, mean)}
    is_global = not settings.harmonics or own == (GLOBAL_SCALE_HZ, GLOBAL_OFFSET_HZ)
    return made | {"mean_std": NO_MVN if is_global else made["denormalised"]}


def _spoken(graphs: Mapping[str, Runs], settings: SambertBundleConfig, material: Material, case: Case) -> dict[str, Array]:
    sizes, tables = settings.sizes, material.tensors(TABLES)
    rows = {key: _rows(tables[name], case.inputs[key]) for key, name in (("emotion", EMOTION_TABLE), ("speaker", SPEAKER_TABLE))}
    duration = Heard(graphs["duration"])
    heard = {**{name: graphs[name] for name in ("encoder", "memory", "decoder", "context", "postnet")}, "duration": duration}
    laid = plan(heard, sizes, {"ids": case.inputs["ling"][None].astype(np.int64), **rows})
    frames = list(decode(heard, sizes, laid))
    before = np.concatenate([np.zeros((0, sizes.mels), np.float32), *frames])[: laid.n_frames]
    text = laid.text[:, : sizes.text_dim * sizes.frames_per_step].reshape(-1, sizes.text_dim)
    return {
        "pitch": laid.pitch,
        "energy": laid.energy,
        "log_duration": np.array([made["log_duration"].item() for made in duration.outputs], np.float32),
        "duration": laid.durations,
        "n_frames": np.array(laid.n_frames),
        "band": np.array(laid.band),
        "lr_text": text,
        "mel_decoder": before,
        "mel": np.concatenate([before[:0], *finish(heard, sizes, frames, laid.n_frames)]),
    }


def _rows(table: Array, given: Array) -> Array:
    """Return rows of a table, (1, N, D), of their numbers (N,); a voice of SE is given vectors instead."""
    rows = given if given.ndim > 1 else table[given.astype(np.int64)]
    return np.ascontiguousarray(rows[None], np.float32)
