"""A vocoder alone as a draft of a bundle; it is proved with speech of the built-in voice, as the mel that it reads."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np

from tingshuo.audio.f0 import track_f0
from tingshuo.audio.mel import log_mel
from tingshuo.audio.resample import resample
from tingshuo.config import MelConfig
from tingshuo.config.vocoder import VocoderBundleConfig
from tingshuo.engine.onnx import Session
from tingshuo.errors import PortError
from tingshuo.models.kan_hifigan import graphs as kan_hifigan
from tingshuo.models.kan_hifigan.config import KanHiFiGanConfig
from tingshuo.port.draft import Draft, Part
from tingshuo.port.families import sizes as architecture_of
from tingshuo.port.importers.keys import Fitted
from tingshuo.port.vocoders import VocoderConfig, vocoder_family
from tingshuo.store.manifest import Attribution
from tingshuo.tasks.vocoder import copy_synthesis
from tingshuo.tasks.voices import DEFAULT, load
from tingshuo.types import Runs, Wav

Sizes = VocoderConfig | KanHiFiGanConfig
TASK = "vocoder"
NO_LANGUAGE = "zxx"
"""What BCP 47 writes where there is no language: a vocoder says what it is given."""
SENTENCE = "你好，今天天气真好。"
LONGEST_S = 1.5


def vocoder_draft(
    *,
    name: str,
    system: str,
    sizes: Sizes,
    mel: MelConfig,
    fitted: Fitted,
    checkpoint: Path,
    licence: str | None,
    work: Attribution,
    notes: tuple[str, ...] = (),
) -> Draft:
    """Return a draft of a vocoder.

    Parameters
    ----------
    name, system : str
        Of the bundle, and whose it was.
    sizes : VocoderConfig or KanHiFiGanConfig
        Of its net.
    mel : MelConfig
        What it reads.
    fitted : Fitted
        Its tensors, and how they went over.
    checkpoint : Path
        What was imported.
    licence : str or None
        What its files say.
    work : Attribution
        The project whose layout it has.
    notes : tuple of str
        What was found.
    """
    config = vocoder_config(sizes, mel)
    return Draft(
        name=name,
        task=TASK,
        config=config,
        parts={TASK: Part(fitted.tensors, fitted.report)},
        rehearse=copy_speech(config),
        system=system,
        source=f"the {work.work} vocoder {checkpoint.name}",
        languages=(NO_LANGUAGE,),
        licence=licence,
        attributions=(work,),
        notes=notes,
    )


def vocoder_config(sizes: Sizes, mel: MelConfig) -> VocoderBundleConfig:
    """Return the config of a bundle with a vocoder of some sizes that reads a mel."""
    if isinstance(sizes, KanHiFiGanConfig):
        kind, context = "kan_hifigan", max(kan_hifigan.vocoder_context_frames(sizes))
    else:
        family = vocoder_family(sizes)
        kind, context = family.name, family.context_frames(sizes)
    return VocoderBundleConfig(
        family=f"{VocoderBundleConfig.FAMILY}+{kind}",
        mel=mel,
        vocoder_context_frames=context,
        steady_noise=bool(getattr(sizes, "steady_noise", False)),
        architecture=architecture_of(kind, sizes),
    )


def copy_speech(config: VocoderBundleConfig) -> Callable[[Mapping[str, Runs]], None]:
    """Return a rehearsal: a second of speech, as the mel that a vocoder reads, is made sound again."""

    def rehearse(graphs: Mapping[str, Runs]) -> None:
        session = cast(Session, graphs[TASK])
        mel, f0 = speech_features(config.mel)
        copy_synthesis(session, config, mel, f0)

    return rehearse


def speech_features(mel: MelConfig) -> tuple[np.ndarray[Any, np.dtype[np.float32]], Wav]:
    """Return a second of speech of the built-in voice as mel (n_mels, F) and F0 (F,) Hz, by a convention."""
    wav, rate = _speech()
    wav = resample(wav, rate, mel.sample_rate)
    wav = wav[: round(LONGEST_S * mel.sample_rate)]
    features = log_mel(wav, mel)
    f0 = np.zeros(features.shape[1], np.float32)
    tracked = track_f0(wav, mel.sample_rate, mel.hop_length)[: len(f0)]
    f0[: len(tracked)] = tracked
    return features, f0


@lru_cache(maxsize=1)
def _speech() -> tuple[Wav, int]:
    spoken = load(DEFAULT).synthesize(SENTENCE)
    return spoken.wav, spoken.sample_rate


def refuse_choice(path: Path, voice: str | None) -> None:
    """Refuse a name of one of several voices.

    Raises
    ------
    PortError
        One was given.
    """
    if voice is not None:
        raise PortError(f"{path}: holds a vocoder and no voice {voice!r}; leave --voice out")
