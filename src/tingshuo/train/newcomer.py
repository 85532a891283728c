"""What a finished voice can be taught of new speakers before the first step of training: closed forms, a few seconds.

Which speaker of the voice is most like a new one; what to expect above a recording's bandwidth; and the output layer of the
decoder, by ridge regression towards what it was. From there some hundred steps of training do what thousands would else.

F frames, H features of the decoder, M mel bands.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tingshuo.config import SpeakerConfig
from tingshuo.data.features import Features
from tingshuo.models.fastspeech.net import FastSpeech
from tingshuo.train.acoustic import answers
from tingshuo.train.examples import Example, Tables, bandwidth_weight, make_batch

FEW, MANY = 6, 200
"""Clips by which the nearest speaker is found, and from which the rest is estimated; spread over a corpus."""
EDGE_BANDS = 10
"""Mel bands below a recording's bandwidth in which its level is compared with that of the voice."""
MOST_SHIFT = 1.5
"""Nepers by which what is above may be shifted."""
CPU = torch.device("cpu")


def nearest_speakers(
    net: FastSpeech, features: Features, examples: Sequence[Example], tables: Tables, known: Sequence[SpeakerConfig]
) -> list[int]:
    """Return for each new speaker, in the order of ``tables``, the row of ``net`` whose mels are nearest to the recordings.

    Parameters
    ----------
    net : FastSpeech
        Of the finished voice, in evaluation mode.
    features : Features
        Of the corpus.
    examples : sequence of Example
        Its aligned clips.
    tables : Tables
        Of the corpus; which speakers it has is used, and their pitch.
    known : sequence of SpeakerConfig
        Those of the voice, by row.
    """
    if len(known) == 1:
        return [0] * len(tables.speakers)
    of = {name: [example for example in examples if example.clip.speaker == name] for name in tables.speakers}
    return [_nearest(net, features, mine, tables, len(known)) for mine in of.values()]


@torch.no_grad()
def _nearest(net: FastSpeech, features: Features, mine: Sequence[Example], tables: Tables, rows: int) -> int:
    error = np.zeros(rows)
    for example in _some(mine, FEW):
        batch = make_batch(features, [example], tables, CPU)
        for row in range(rows):
            mel = answers(net, batch._replace(speaker=torch.tensor([row])))[2]
            error[row] += float(((mel - batch.mel).abs() * batch.mel_weight[..., None]).sum())
    return int(error.argmin())


@torch.no_grad()
def upper_bands(
    net: FastSpeech, features: Features, examples: Sequence[Example], tables: Tables
) -> dict[str, NDArray[np.float32]]:
    """Return what a voice says above the bandwidth of those clips that lack something there, (bands, F) by the clips' ids.

    It is brought to the level of the new speaker, by the difference in the bands just below, a mean over all clips of a speaker.
    """
    narrow = [e for e in examples if not bandwidth_weight(features.config.mel, e.clip.bandwidth_hz).all()]
    said: dict[str, NDArray[np.float32]] = {}
    differences: dict[str, list[float]] = {}
    for example in narrow:
        batch = make_batch(features, [example], tables, CPU)
        mel = answers(net, batch)[2]
        bands = int(batch.mel_weight[0].sum())
        edge = slice(max(bands - EDGE_BANDS, 0), bands)
        spoken = batch.mel[0].mean(0) > batch.mel[0].mean()  # silence tells of the room
        differences.setdefault(example.clip.speaker, []).append(float((batch.mel - mel)[0, edge, spoken].mean()))
        said[example.clip.id] = mel[0, bands:].numpy()
    shift = {name: float(np.clip(np.mean(values), -MOST_SHIFT, MOST_SHIFT)) for name, values in differences.items()}
    return {e.clip.id: said[e.clip.id] + np.float32(shift[e.clip.speaker]) for e in narrow}


@torch.no_grad()
def fit_output(net: FastSpeech, features: Features, examples: Sequence[Example], tables: Tables, hold: float) -> None:
    """Fit the output layer of the decoder to recordings, in place: least squares, held to what it was.

    Parameters
    ----------
    net : FastSpeech
        In evaluation mode, with rows for the speakers of ``tables``.
    features, examples, tables : Features, sequence of Example, Tables
        The corpus. Bands of which nothing is known in a clip count as what the layer makes of them now.
    hold : float
        How much the layer is held, in mean squares of its inputs over all frames together.
    """
    inputs: list[Tensor] = []
    hook = net.mel.register_forward_pre_hook(lambda _, given: inputs.append(given[0][0].double()))
    size = net.mel.in_features + 1
    square, wanted = torch.zeros(size, size, dtype=torch.float64), torch.zeros(size, net.mel.out_features, dtype=torch.float64)
    try:
        for example in _some(examples, MANY):
            batch = make_batch(features, [example], tables, CPU)
            mel = answers(net, batch)[2]
            x = torch.nn.functional.pad(inputs.pop(), (0, 1), value=1.0)
            square += x.T @ x
            wanted += x.T @ ((batch.mel - mel) * batch.mel_weight[..., None])[0].T.double()
    finally:
        hook.remove()
    held = torch.full((size,), hold * float(square.diagonal()[:-1].mean()), dtype=torch.float64)
    held[-1] = 1e-6 * float(square[-1, -1])  # the bias is free
    change = torch.linalg.solve(square + torch.diag(held), wanted).float()
    net.mel.weight.add_(change[:-1].T)
    net.mel.bias.add_(change[-1])


def _some(examples: Sequence[Example], count: int) -> Iterator[Example]:
    """Choose so many examples, spread over all."""
    return iter(examples[:: max(1, len(examples) // count)][:count])
