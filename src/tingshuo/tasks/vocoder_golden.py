"""What the vocoder of a bundle answers to a case of a golden folder, whatever its kind.

A case gives one of

- ``mel``, ``features`` or ``latent``, (bands, F) or (F, bands); where there is a source, ``f0`` (F,) in Hz and ``voiced`` (F,),
  or both as last columns of ``mel``, and random numbers: ``phases`` (H,) in radians and ``noise`` (H, T), normal;
- ``audio`` (T,), of which the features are computed by the convention of the bundle.

Answers are ``wav`` and ``audio`` (T,), which are the same; of a transform ``out`` (F, 2 K) too, log magnitudes and then phases;
of ``audio``, ``features`` (bands, F).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tingshuo.audio.mel import log_mel
from tingshuo.config import FrameConfig, MelConfig, VoiceConfig
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.tasks.golden_compare import Material
from tingshuo.tasks.golden_folder import Case
from tingshuo.tasks.sambert.source import NOISE_STD, VOICED, make_sines
from tingshuo.tasks.vocoder import Transform
from tingshuo.types import Runs

Array = NDArray[Any]
NAMES = ("mel", "features", "latent")
PHASE_SPREAD = np.pi / 3.5
"""Of the phases at which harmonics begin: draws of deviation 1 times this lie within a turn, as uniform ones do."""


def answers(graphs: Mapping[str, Runs], material: Material, case: Case) -> dict[str, Array] | None:
    """See `tingshuo.tasks.golden_compare.Answers`."""
    mel = getattr(material.settings, "mel", None)
    made: dict[str, Array] = {}
    if case.has("audio") and isinstance(mel, MelConfig):
        features = made["features"] = log_mel(np.asarray(case.inputs["audio"], np.float32), mel)
    else:
        given = next((case.inputs[name] for name in NAMES if case.has(name)), None)
        if given is None or "vocoder" not in material.entries or given.ndim != 2:
            return None
        features = given
    inputs = _inputs(material, case, features)
    if inputs is None:
        return None
    outputs = graphs["vocoder"].run(inputs)
    if "wav" in outputs:
        wav = outputs["wav"][0]
    elif outputs.keys() == Transform.OUTPUTS and isinstance(material.settings, VoiceConfig | VocoderBundleConfig):
        made["out"] = np.concatenate([outputs["log_magnitude"][0], outputs["phase"][0]], 1)
        frames = len(made["out"])
        wav = Transform(material.settings, 0, 0).push(outputs, np.zeros(frames, np.float32), slice(0, frames), True)
    else:
        return None
    return made | {"wav": wav, "audio": wav}


def _inputs(material: Material, case: Case, features: Array) -> dict[str, Array] | None:
    """Return the inputs of the graph; None where features have other bands than the graph."""
    specs = material.entries["vocoder"].inputs
    bands = specs["mel"].shape[1]
    has_source = "sines" in specs
    columns = {bands, bands + 2} if has_source and isinstance(bands, int) else {bands}
    rows = features.T if features.shape[0] in columns else features if features.shape[1] in columns else None
    if rows is None or not isinstance(bands, int):
        return None
    inputs = {"mel": np.ascontiguousarray(rows[None, :, :bands].transpose(0, 2, 1), np.float32)}
    if has_source:
        more = rows[:, bands:] if rows.shape[1] == bands + 2 else None
        if more is None and not case.has("f0", "voiced"):
            return None
        f0, voiced = (case.inputs["f0"], case.inputs["voiced"]) if more is None else (more[:, 0], more[:, 1])
        inputs["sines"] = _sines(material, case, f0, voiced)
    return inputs


def _sines(material: Material, case: Case, f0: Array, voiced: Array) -> Array:
    settings: Any = material.settings
    frames: FrameConfig | MelConfig = settings.frames if hasattr(settings, "frames") else settings.mel
    harmonics = material.entries["vocoder"].inputs["sines"].shape[1]
    assert isinstance(harmonics, int)
    samples = len(f0) * frames.hop_length
    phases = case.draws.take("phases", "nsf.phase", (harmonics,))
    if not case.has("phases"):  # those of a name are no radians yet
        phases = PHASE_SPREAD * phases
    phases[0] = 0  # the fundamental's
    noise = (NOISE_STD * case.draws.take("noise", "nsf.noise", (harmonics, samples))).astype(np.float32)
    sines, _ = make_sines(f0, voiced >= VOICED, frames.sample_rate, frames.hop_length, phases.astype(np.float32), noise)
    return sines[None]
