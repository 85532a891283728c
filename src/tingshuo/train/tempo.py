"""How fast each style is to be spoken, so that sentences last as long as in the recordings that taught it.

A net that learns logarithms of durations tells their mean, and the exponential of a mean logarithm is less than the mean: of the
styles of the built-in voice by 2 to 5 %. And a new speaker has a tempo of their own, which a net whose durations are not taught
further does not know. Both are one factor, found without a step of training.
"""

from collections.abc import Sequence

import numpy as np
import torch

from tingshuo.config import StyleConfig
from tingshuo.data.features import Features
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.train.acoustic import answers
from tingshuo.train.examples import Example, Tables, make_batch

MANY, FEW = 100, 8
"""Clips of a style that are spoken to find its tempo, spread over all of them; and how many it needs for one of its own."""
BELIEVED = (0.75, 1.35)
"""Slowest and fastest tempo that is believed."""
CPU = torch.device("cpu")


@torch.no_grad()
def with_tempo(
    styles: Sequence[StyleConfig], net: FastSpeech, features: Features, examples: Sequence[Example], tables: Tables
) -> tuple[StyleConfig, ...]:
    """Return styles at the tempo of the recordings.

    Parameters
    ----------
    styles : sequence of StyleConfig
        Of the voice, in the order of the net's rows. Those of which there are hardly any recordings change as all the others
        do together.
    net : FastSpeech
        In evaluation mode.
    features, examples, tables : Features, sequence of Example, Tables
        What teaches the voice.
    """
    said, heard = np.zeros(len(styles)), np.zeros(len(styles))
    enough = np.zeros(len(styles), bool)
    for row in range(len(styles)):
        mine = [example for example in examples if tables.styles.get(example.clip.style, 0) == row]
        enough[row] = len(mine) >= FEW
        for example in mine[:: max(1, -(-len(mine) // MANY))]:
            batch = make_batch(features, [example], tables, CPU)
            spoken = torch.from_numpy(example.phones.word_index >= 0)
            said[row] += float(torch.exp(answers(net, batch)[0][0])[spoken].sum())
            heard[row] += float(batch.durations[0][spoken].sum())
    if not heard.any():
        return tuple(styles)
    before = np.array([style.tempo for style in styles])
    together = (said / before).sum() / heard.sum()
    own = enough & (heard > 0)
    tempo = np.where(own, said / np.maximum(heard, 1), before * together)
    return tuple(
        style.replace(tempo=round(float(value), 3)) for style, value in zip(styles, np.clip(tempo, *BELIEVED), strict=True)
    )
