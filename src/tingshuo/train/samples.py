"""What an acoustic model makes of a few held-out clips, for the report of a training: to be looked at and listened to."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from tingshuo.port.vocoders import Vocoder
from tingshuo.text.symbols import PHONES
from tingshuo.train.acoustic import AcousticRecipe, answers
from tingshuo.train.report import Sample, save_sample, write_report

CLIPS = 4
"""Clips that are shown; those held out where there are any."""


def show(run: Path, recipe: AcousticRecipe, vocoder: Vocoder, step: int) -> None:
    """Keep what the net makes of a few clips, and write the run's report anew.

    Raises
    ------
    OutputError
        The run's folder cannot be written.
    """
    for sample in samples(recipe, vocoder, step):
        save_sample(run, sample)
    write_report(run, events=False)


@torch.no_grad()
def samples(recipe: AcousticRecipe, vocoder: Vocoder, step: int) -> Iterator[Sample]:
    """Yield clips with the net's answers; its mel is that for the recording's own durations, F0 and voicing.

    Parameters
    ----------
    recipe : AcousticRecipe
        Its net is put into evaluation mode.
    vocoder : Vocoder
        Makes the mel heard, with the recording's F0.
    step : int
        Steps that the net has learnt for.
    """
    recipe.net.eval()
    mel_config = recipe.features.config.mel
    noise = torch.Generator().manual_seed(0)
    for example in (recipe.held_out or recipe.train)[:CLIPS]:
        batch = recipe.tensors([example])
        log_duration, pitch, mel = (answer.float().cpu() for answer in answers(recipe.net, batch))
        clip, frames = example.clip, int(example.durations.sum())
        f0 = recipe.features.f0_of(clip)[:frames]
        tuned = recipe.tables.pitch[clip.speaker]
        melody = np.exp(pitch[0, :, 0].numpy() * tuned.std + tuned.mean) * (pitch[0, :, 1].numpy() < 0)
        white = torch.randn(1, (frames - 1) * mel_config.hop_length, generator=noise)
        wav = vocoder.cpu().eval().synthesize(mel, torch.from_numpy(f0)[None], white)[0]
        yield Sample(
            name=clip.id,
            step=step,
            sample_rate=mel_config.sample_rate,
            hop_length=mel_config.hop_length,
            caption="".join(word.text for word in clip.words),
            phones=tuple(PHONES[index] for index in example.phones.ids),
            mel_target=batch.mel[0].cpu().numpy(),
            mel_predicted=mel[0].numpy(),
            f0_target=f0,
            f0_predicted=melody.astype(np.float32),
            durations_target=example.durations,
            durations_predicted=np.maximum(np.rint(np.exp(log_duration[0].numpy())), 1).astype(np.int64),
            wav_target=recipe.features.wav_of(clip),
            wav_predicted=wav.clamp(-1, 1).numpy(),
        )
