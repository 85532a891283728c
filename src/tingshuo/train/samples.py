"""What nets make of a few held-out clips, for the report of a training: to be looked at and listened to."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tingshuo.data.features import Clip, Features
from tingshuo.models.layers.mel import log_mel
from tingshuo.port.vocoders import Vocoder
from tingshuo.text.symbols import ALL_PHONES
from tingshuo.train.acoustic import AcousticRecipe, answers
from tingshuo.train.report import Sample, save_sample
from tingshuo.train.segments import cut
from tingshuo.train.vocoder import VocoderRecipe

CLIPS = 4
"""Clips that are shown; those held out where there are any."""
LONGEST_S = 15.0
"""Of a clip that a vocoder is shown with: recordings without text may be of any length."""


def keep(folder: Path, samples: Iterable[Sample]) -> None:
    """Keep samples in the folder of a stage, in place of older ones of the same clips.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    for sample in samples:
        save_sample(folder, sample)


@torch.no_grad()
def acoustic_samples(recipe: AcousticRecipe, vocoder: Vocoder | None, step: int) -> Iterator[Sample]:
    """Yield clips with the net's answers; its mel is that for the recording's own durations, F0 and voicing.

    Parameters
    ----------
    recipe : AcousticRecipe
        Its net is put into evaluation mode.
    vocoder : Vocoder or None
        On the processor; makes the mel heard, with the recording's F0.
    step : int
        Steps that the net has learnt for.
    """
    recipe.net.eval()
    for example in (recipe.held_out or recipe.train)[:CLIPS]:
        batch = recipe.tensors([example])
        log_duration, pitch, mel = (answer.float().cpu() for answer in answers(recipe.net, batch))
        clip, frames = example.clip, int(example.durations.sum())
        f0 = recipe.features.f0_of(clip)[:frames]
        tuned = recipe.tables.pitch[clip.speaker]
        melody = np.exp(pitch[0, :, 0].numpy() * tuned.std + tuned.mean) * (pitch[0, :, 1].numpy() < 0)
        wav = None if vocoder is None else _spoken(vocoder, mel, torch.from_numpy(f0)[None])
        yield Sample(
            **_about(recipe.features, clip, step),
            phones=tuple(ALL_PHONES[index] for index in example.phones.ids),
            mel_target=batch.mel[0].cpu().numpy(),
            mel_predicted=mel[0].numpy(),
            f0_target=f0,
            f0_predicted=melody.astype(np.float32),
            durations_target=example.durations,
            durations_predicted=np.maximum(np.rint(np.exp(log_duration[0].numpy())), 1).astype(np.int64),
            wav_target=recipe.features.wav_of(clip),
            wav_predicted=None if wav is None else wav.numpy(),
        )


@torch.no_grad()
def vocoder_samples(recipe: VocoderRecipe, step: int) -> Iterator[Sample]:
    """Yield clips with what the vocoder makes of their own mels and F0; the mel that is shown is that of its wave."""
    config = recipe.features.config.mel
    for index in _shown(recipe.features.clips, round(LONGEST_S * config.sample_rate / config.hop_length)):
        clip = recipe.features.clips[index]
        whole = cut(recipe.features, recipe.features.clips, np.array([[index, 0]]), clip.frames, recipe.world.device)
        wav = _spoken(recipe.generator, whole.mel, whole.f0)
        yield Sample(
            **_about(recipe.features, clip, step),
            mel_target=whole.mel[0].cpu().numpy(),
            mel_predicted=log_mel(wav[None], config)[0].numpy(),
            wav_target=recipe.features.wav_of(clip),
            wav_predicted=wav.numpy(),
        )


@torch.no_grad()
def joint_samples(recipe: VocoderRecipe, step: int) -> Iterator[Sample]:
    """Yield clips with the mel that the decoder makes of their durations and F0, and what the vocoder makes of it."""
    assert recipe.joint is not None
    features = recipe.features
    for index in _shown(recipe.joint.clips):
        clip = recipe.joint.clips[index]
        mel = recipe.joint(np.array([[index, 0]]), clip.frames - 1).float()
        whole = cut(features, recipe.joint.clips, np.array([[index, 0]]), clip.frames - 1, recipe.world.device)
        yield Sample(
            **_about(features, clip, step),
            mel_target=whole.mel[0].cpu().numpy(),
            mel_predicted=mel[0].cpu().numpy(),
            wav_target=features.wav_of(clip),
            wav_predicted=_spoken(recipe.generator, mel, whole.f0).numpy(),
        )


def _shown(clips: Sequence[Clip], longest: int | None = None) -> list[int]:
    """Return the clips that are shown: held out if there are any, not too long for it."""
    fit = [index for index, clip in enumerate(clips) if longest is None or clip.frames <= longest]
    held = [index for index in fit if clips[index].split == "dev"]
    return (held or fit)[:CLIPS]


def _spoken(vocoder: Vocoder, mel: Tensor, f0: Tensor) -> Tensor:
    """Return the wave (T,) of a mel (1, n_mels, F) and F0 (1, F), on the processor, in [-1, 1]."""
    samples = (mel.shape[2] - 1) * vocoder.config.hop_length
    noise = torch.randn(1, samples, generator=torch.Generator().manual_seed(0)).to(mel.device)
    wav: Tensor = vocoder.eval().synthesize(mel, f0, noise)[0]
    return wav.clamp(-1, 1).cpu()


def _about(features: Features, clip: Clip, step: int) -> dict[str, Any]:
    mel = features.config.mel
    words = "".join(word.text for word in clip.words)
    return {"name": clip.id, "step": step, "sample_rate": mel.sample_rate, "hop_length": mel.hop_length, "caption": words}
